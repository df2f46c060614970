"""Edited arguments as what a replay gives instead: the smallest places that were changed."""

from collections.abc import Iterator
from typing import Any

import orjson

from treadle.errors import UsageError
from treadle.values.view import TAG, unwrap
from treadle_debugger.request import Instead


def changed_places(span_id: str, recorded: bytes, edited: Any) -> tuple[Instead, ...]:
    """Return what an edit of a step's input changed, as one `Instead` for each place.

    `recorded` is the tagged JSON of the arguments, `edited` plain JSON. What Treadle recorded with a tag, a tuple or an
    object, is one place: inside of it a path might lead elsewhere.

    Raises:
        UsageError: an argument was taken away or added, which a caller alone can do.

    """
    held = orjson.loads(recorded)
    if not _is_plain_object(held) or not isinstance(edited, dict):
        raise UsageError("only arguments that have names can be changed inside a chain: replay the step alone")
    if held.keys() != edited.keys():
        odd = ", ".join(sorted(held.keys() ^ edited.keys()))
        raise UsageError(f"the chain's own call decides which arguments there are ({odd}): replay the step alone")
    step = of_step(span_id)
    return tuple(
        Instead(step, f"${path}", orjson.dumps(value).decode()) for path, value in _changed(held, edited, path="")
    )


def of_step(span_id: str) -> str:
    """Return the condition that holds for this one step."""
    return f"span_id = '{span_id}'"


def _changed(recorded: Any, edited: Any, *, path: str) -> Iterator[tuple[str, Any]]:
    if _written(unwrap(recorded)) == _written(edited):
        return
    if _is_plain_object(recorded) and isinstance(edited, dict) and recorded.keys() == edited.keys():
        parts = {key: _part(key) for key in recorded}
        if all(part is not None for part in parts.values()):
            for key, part in parts.items():
                yield from _changed(recorded[key], edited[key], path=f"{path}{part}")
            return
    if isinstance(recorded, list) and isinstance(edited, list) and len(recorded) == len(edited):
        for number, (old, new) in enumerate(zip(recorded, edited, strict=True)):
            yield from _changed(old, new, path=f"{path}[{number}]")
        return
    yield path, edited


def _written(value: Any) -> bytes:
    """Return JSON to compare by: `1`, `1.0` and `true` are equal in Python, and not the same."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _is_plain_object(recorded: Any) -> bool:
    return isinstance(recorded, dict) and TAG not in recorded


def _part(key: str) -> str | None:
    """Return a key as a part of a path; None where no path can name it."""
    if key.isidentifier():
        return f".{key}"
    for quote in ("'", '"'):
        if quote not in key and "\n" not in key:
            return f"[{quote}{key}{quote}]"
    return None
