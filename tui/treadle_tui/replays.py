"""Replays, as the screens ask for them: what a key means as a request, and the one place that runs it."""

import json
import os
import re
import tempfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from treadle.errors import UsageError
from treadle.model import EFFECT_KINDS, KINDS, Step
from treadle.values.retag import retagged
from treadle_debugger.edits import changed_places, of_step
from treadle_debugger.model_spans import asked_request
from treadle_debugger.progress import Progress
from treadle_debugger.replaying import Control, Request, Result
from treadle_debugger.replaying import replay as run_request
from treadle_debugger.request import Instead
from treadle_debugger.verdict import DIVERGING, CallReport

if TYPE_CHECKING:
    from treadle_storage import Store

_PRINTED_BYTES: Final = 4_000
"""Of what the program prints, the end is kept."""
_ODD_IN_GLOBS: Final = re.compile(r"[^\w.\-]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A replay that the user asked for."""

    request: Request
    what: str
    """What is replayed, in a few words."""


def whole_chain(trace_id: str) -> Wanted:
    """Return the chain, all of it served."""
    return Wanted(Request(trace_id), "the chain")


def chain_from(step: Step) -> Wanted:
    """Return the chain, for real from this step on; from its first step on it is all served."""
    if step.parent_span_id is None:
        return whole_chain(step.trace_id)
    return Wanted(Request(step.trace_id, from_id=step.span_id), f"the chain from {step.name}")


def step_alone(step: Step, edited: str | None = None) -> Wanted:
    """Return one call alone, with its recorded input or with an edited one."""
    if step.parent_span_id is None:
        wanted = whole_chain(step.trace_id)
    else:
        wanted = Wanted(Request(step.trace_id, step_id=step.span_id), f"{step.name} alone")
    if edited is None:
        return wanted
    held = what_is_given(step)
    assert held is not None
    given = tagged_edit(held, edited)
    return Wanted(replace(wanted.request, root_input=given), f"{wanted.what}, edited")


def what_is_given(step: Step) -> bytes | None:
    """Return what a step alone is called with, as tagged JSON: of a model's span without a function the request.

    None where nothing was recorded.

    Raises:
        NotReplayableError: the span does not hold its request; the message says what is missing.

    """
    return asked_request(step, Request(step.trace_id)) or step.input_tagged


def tagged_edit(recorded: bytes, edited: str) -> bytes:
    """Return edited plain JSON as tagged JSON: what was not changed keeps the tags that it was recorded with."""
    return retagged(recorded, json.loads(edited))


def chain_with_input(step: Step, edited: str) -> Wanted:
    """Return the chain, with the input of one step edited; what depends on it runs for real.

    Raises:
        UsageError: nothing is changed, or it cannot be changed inside the chain.

    """
    assert step.input_tagged is not None
    if step.parent_span_id is None:
        return Wanted(replace(step_alone(step, edited).request, live_changed=True), f"the chain, {step.name} edited")
    places = changed_places(step.span_id, step.input_tagged, json.loads(edited))
    if not places:
        raise UsageError("nothing is changed yet")
    return Wanted(Request(step.trace_id, instead=places), f"the chain, {step.name} edited")


def chain_with_argument(step: Step, path: str, value: str) -> Wanted:
    """Return the chain, with one argument of a step replaced."""
    given = Instead(of_step(step.span_id), path, value)
    return Wanted(Request(step.trace_id, instead=(given,)), f"the chain, {step.name} edited")


def chain_with_answer(step: Step, value: str) -> Wanted:
    """Return the chain, with the answer of one step replaced; what depends on it runs for real.

    Raises:
        UsageError: it is the answer of the chain itself.

    """
    if step.parent_span_id is None:
        raise UsageError(f"what {step.name} returned is the result of the chain: answer a call that it made")
    given = Instead(of_step(step.span_id), None, value)
    return Wanted(Request(step.trace_id, instead=(given,)), f"the chain, {step.name} answered")


def allowing(wanted: Wanted, result: Result) -> Wanted | None:
    """Return the same replay with those calls allowed for real that stopped it; None where that is not why it stopped.

    A recorded call is named by its id; one that the recording has not, by its name.
    """
    request = wanted.request
    strayed = [call for call in result.calls if call.decision in DIVERGING]
    if not strayed:
        return None
    live = [_named(call) for call in strayed if call.kind in EFFECT_KINDS]
    is_withheld = any(call.decision == "withheld" for call in strayed)
    again = replace(
        request,
        live=tuple(dict.fromkeys((*request.live, *live))),
        with_effects=request.with_effects or is_withheld,
    )
    return None if again == request else replace(wanted, request=again)


def allowing_all(wanted: Wanted) -> Wanted:
    """Return the same replay with every changed and new call allowed for real."""
    return replace(wanted, request=replace(wanted.request, live_changed=True))


def with_real_root(store: "Store", wanted: Wanted) -> Wanted:
    """Return the same replay, with the call that it starts allowed for real where it has effects: that is asked for."""
    request = wanted.request
    tree = store.tree(request.trace_id)
    root_id = request.step_id or tree.hex_id(0)
    try:
        kind = KINDS[tree.kind[tree.index_of(root_id)]]
    except (KeyError, ValueError):
        return wanted
    if kind not in EFFECT_KINDS:
        return wanted
    return replace(wanted, request=replace(request, live=(*request.live, of_step(root_id))))


@dataclass(frozen=True, slots=True)
class Ran:
    """What a replay showed, and what its program printed last."""

    result: Result
    printed: str


def run(store: "Store", wanted: Wanted, progress: Progress, control: Control) -> Ran:
    """Run a replay to its end.

    Raises:
        TreadleError: it was refused, cannot be replayed, or was stopped, and why.

    """
    following = Control(on_line=progress.take, stop=control.stop)
    with tempfile.TemporaryFile() as output:
        result = run_request(store, wanted.request, output=output, control=following)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _PRINTED_BYTES))
        return Ran(result, output.read().decode(errors="replace"))


def _named(call: CallReport) -> str:
    if call.decision == "new" or call.recorded_id is None:
        return _ODD_IN_GLOBS.sub("?", call.name)
    return of_step(call.recorded_id)
