"""A process that forks itself in the middle of a call: both go on in the same code, and number their calls apart."""

import os
import threading
from collections.abc import Iterator

from treadle import lanes
from treadle.lanes import CURRENT, Lane, RemoteCall

_taken: dict[int, list[tuple[Lane, int]]] = {}
"""By thread that is forking: the lanes it is in, each with the number of the submission that the child will be."""


def install() -> None:
    """Take part in every fork."""
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after_in_child)


def _before() -> None:
    lane = CURRENT.get()
    inside = [*_below(lane)] if lane is not None else []
    if lanes.outermost is not None and lanes.outermost not in inside:
        inside.append(lanes.outermost)
    if inside:
        _taken[threading.get_ident()] = [(lane, lane.next_submission()) for lane in inside]


def _after() -> None:
    _taken.pop(threading.get_ident(), None)


def _after_in_child() -> None:
    for lane, submission in _taken.pop(threading.get_ident(), ()):
        lane.become(submission)
    _taken.clear()


def _below(lane: Lane) -> Iterator[Lane]:
    """Yield a lane, and those that become current again when the calls around it end."""
    found: Lane | None = lane
    while found is not None:
        yield found
        call = found.call
        before = call.lane_token.old_value if not isinstance(call, RemoteCall) and call.lane_token is not None else None
        found = before if isinstance(before, Lane) else None
