"""Replays, as the screens ask for them: the one place that calls `treadle_debugger.replaying`."""

import json
import subprocess
from typing import TYPE_CHECKING, Any

from treadle.model import EFFECT_KINDS, Json, Step
from treadle.values.view import unwrap
from treadle_debugger.replaying import Request, Result, replay

if TYPE_CHECKING:
    from treadle_storage import Store


def makes_real_call(step: Step) -> bool:
    """Whether replaying the step alone calls a model, a tool or an index for real."""
    return step.kind in EFFECT_KINDS


def run_replay(
    store: "Store",
    trace_id: str,
    *,
    step: Step | None = None,
    edited: bytes | None = None,
    live: tuple[str, ...] = (),
) -> Result:
    """Replay a step alone, or the whole chain where there is none; what the program prints is not shown.

    A step of a kind that has effects runs for real, and so do the calls named in `live`: ask before.

    Raises:
        TreadleError: it was refused, or cannot be replayed, and why.

    """
    if step is not None and makes_real_call(step):
        live = (*live, f"span_id = '{step.span_id}'")
    step_id = None if step is None else step.span_id
    request = Request(trace_id, step_id=step_id, live=live, root_input=edited)
    return replay(store, request, output=subprocess.DEVNULL)


def tagged_edit(recorded: bytes, edited: str) -> bytes:
    """Return edited plain JSON as tagged JSON: what was not changed keeps the tags that it was recorded with."""
    return json.dumps(_retag(json.loads(recorded), json.loads(edited)), ensure_ascii=False).encode()


def _retag(recorded: Any, edited: Json) -> Any:
    if unwrap(recorded) == edited:
        return recorded
    if isinstance(recorded, dict) and isinstance(edited, dict):
        if "$" not in recorded:
            return {key: _retag(recorded[key], value) if key in recorded else value for key, value in edited.items()}
        if isinstance(recorded.get("v"), dict):
            return {**recorded, "v": _retag(recorded["v"], edited)}
    if isinstance(recorded, list) and isinstance(edited, list):
        kept = [_retag(old, new) for old, new in zip(recorded, edited, strict=False)]
        return kept + edited[len(recorded) :]
    return edited
