"""When the answers of a recording came, as its program saw it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from treadle.call import SUBMISSIONS_DONE
from treadle.model import EFFECT_KINDS, RecordedCall


@dataclass(frozen=True, slots=True)
class Moment:
    """When an answer came in the recording."""

    at_ns: int
    turn: int | None


def end_moments(calls: Sequence[RecordedCall]) -> dict[str, Moment]:
    """Return when the answer of each call came, by span id.

    Two threads of a pool can end their calls in one order and be seen to be done in the other. What was seen counts:
    the last answer in a submission came when the submission was done.
    """
    moments = {call.span_id: Moment(call.ended_at_ns or call.started_at_ns, call.turn) for call in calls}
    by_id = {call.span_id: call for call in calls}
    last: dict[tuple[str, str], RecordedCall] = {}
    for call in calls:
        if call.kind in EFFECT_KINDS and call.ended_at_ns is not None:
            for submission in _submissions_around(call, by_id):
                known = last.get(submission)
                if known is None or (known.ended_at_ns or 0) < call.ended_at_ns:
                    last[submission] = call
    for (parent_id, lane), call in last.items():
        done = _done_at(by_id.get(parent_id), lane)
        if done is not None and done > moments[call.span_id].at_ns:
            moments[call.span_id] = Moment(done, call.turn)
    return moments


def _submissions_around(call: RecordedCall, by_id: dict[str, RecordedCall]) -> Iterator[tuple[str, str]]:
    """Yield the submissions that a call ran in, under each call above it."""
    inner: RecordedCall | None = call
    while inner is not None and inner.parent_span_id is not None:
        lane = inner.ordinal.rpartition(".")[0]
        while lane:
            yield inner.parent_span_id, lane
            lane = lane.rpartition(".")[0]
        inner = by_id.get(inner.parent_span_id)


def _done_at(parent: RecordedCall | None, lane: str) -> int | None:
    attributes = parent.attributes if parent is not None else None
    done = attributes.get(SUBMISSIONS_DONE) if isinstance(attributes, dict) else None
    at_ns = done.get(lane) if isinstance(done, dict) else None
    return at_ns if isinstance(at_ns, int) else None
