"""Replays, as the screens ask for them: the one place that calls `treadle_debugger.replaying`."""

import json
import subprocess
from typing import TYPE_CHECKING

from treadle.model import EFFECT_KINDS, Step
from treadle.values.retag import retagged
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
    return retagged(recorded, json.loads(edited))
