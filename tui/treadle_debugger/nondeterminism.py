"""Where a replay became another run although nothing told it to: the step that something untraced went into.

Every effect gave its recorded answer and no traced function was edited. So what differs is a clock, random numbers, a
file, the environment, or code that is not traced.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from treadle.errors import TreadleError
from treadle.model import RecordedCall
from treadle.replay.strays import CallReport
from treadle.values import digest
from treadle.values.difference import first_difference
from treadle_debugger.request import Request, Source
from treadle_debugger.verdict import Judgement

OTHERWISE = ("changed", "regressed")
"""The verdicts of a replay that came to another end than its recording."""
AS_RECORDED = ("ran", "served", "moved", "live")
"""Live is, where nobody let anything run, only a reading of the clock or of random numbers."""
MOST_NAMED = 4
"""So many of these steps are named in a sentence."""
ADVICE = 'trace what it reads as a tool, or record it with treadle.configure(record=("clock", "random", "uuid"))'


def with_origin(
    judgement: Judgement,
    store: Source,
    request: Request,
    *,
    recorded: Sequence[RecordedCall],
    trace_id: str | None,
    calls: Sequence[CallReport],
) -> Judgement:
    """Add to the verdict on a replay, the trace of this id, where it became another run, if nobody made it one."""
    is_unexplained = (
        judgement.verdict in OTHERWISE
        and not request.is_overridden
        and all(call.decision in AS_RECORDED and not call.is_edited for call in calls)
    )
    if not is_unexplained or trace_id is None:
        return judgement
    try:
        replayed = store.recording(trace_id).calls
    except TreadleError:  # the program chose another store to record into
        return judgement
    found = _origins(recorded, replayed, calls)
    if not found:
        return judgement
    paths = [suspect.path for suspect in found[1:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    beside = f", and in {', '.join(paths)}{more}" if paths else ""
    return replace(judgement, sentence=f"{judgement.sentence}; untraced nondeterminism in {found[0]}{beside}; {ADVICE}")


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A step that was given the same and came to something else."""

    path: str
    before: RecordedCall
    after: RecordedCall

    def __str__(self) -> str:
        if self.before.status != self.after.status:
            return f"{self.path}, whose inputs are the same and whose status is not"
        told = first_difference(self.before.output_tagged, self.after.output_tagged)
        return f"{self.path}, whose inputs are the same and whose result is not ({told})"


def _origins(
    recorded: Sequence[RecordedCall], replayed: Sequence[RecordedCall], calls: Sequence[CallReport]
) -> list[_Suspect]:
    """Return the innermost steps that were given the same, and answered the same, and ended otherwise."""
    before, after = ({call.span_id: call for call in side} for side in (recorded, replayed))
    suspects = {}
    for call in calls:
        then, now = before.get(call.recorded_id or ""), after.get(call.span_id or "")
        if call.decision == "ran" and then and now and _has_same_input(then, now) and not _has_same_end(then, now):
            suspects[now.span_id] = _Suspect(call.path, then, now)
    above = set()
    for span_id in suspects:
        parent = after[span_id].parent_span_id
        while parent is not None and parent not in above:
            above.add(parent)
            parent = after[parent].parent_span_id if parent in after else None
    innermost = [suspect for span_id, suspect in suspects.items() if span_id not in above]
    return sorted(innermost, key=lambda suspect: suspect.after.started_at_ns)


def _has_same_input(before: RecordedCall, after: RecordedCall) -> bool:
    return digest(before.input_tagged) == digest(after.input_tagged)


def _has_same_end(before: RecordedCall, after: RecordedCall) -> bool:
    outputs = (digest(call.output_tagged or b"null") for call in (before, after))
    return before.status == after.status and len(set(outputs)) == 1
