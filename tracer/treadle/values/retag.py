"""Plain JSON in the place of a recorded value: what was not changed keeps the tags that it was recorded with."""

from typing import Any

import orjson

from treadle.values.view import TAG, unwrap

_SORTED = orjson.OPT_SORT_KEYS


def retagged(recorded: bytes, edited: Any) -> bytes:
    """Return edited plain JSON as tagged JSON, of the recorded types where it has the recorded shape."""
    return orjson.dumps(_retag(orjson.loads(recorded), edited))


def _retag(recorded: Any, edited: Any) -> Any:
    if _is_same(unwrap(recorded), edited):
        return recorded
    if isinstance(recorded, dict) and isinstance(edited, dict):
        if TAG not in recorded:
            return {key: _retag(recorded[key], value) if key in recorded else value for key, value in edited.items()}
        if isinstance(recorded.get("v"), dict):
            return {**recorded, "v": _retag(recorded["v"], edited)}
    if isinstance(edited, list):
        if isinstance(recorded, list):
            kept = [_retag(old, new) for old, new in zip(recorded, edited, strict=False)]
            return kept + edited[len(recorded) :]
        if isinstance(recorded, dict) and isinstance(recorded.get("v"), list):
            return {**recorded, "v": _retag(recorded["v"], edited)}
    return edited


def _is_same(one: Any, other: Any) -> bool:
    """Compare as JSON does: to Python, 1 is 1.0 and true."""
    return one == other and orjson.dumps(one, option=_SORTED) == orjson.dumps(other, option=_SORTED)
