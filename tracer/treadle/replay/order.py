"""The order of answers: as in the recording, without waiting the recorded time.

Serving at once breaks ordinary code: with `as_completed` over eight calls the order differs in 50 of 50 tries. In an
event loop one pending answer is released each time the loop has nothing else ready, the one that came first in the
recording; answers of one turn of the loop go together. In threads one is released when every thread of the trace
waits, or when nothing has moved for a while. Only pending answers count, so queues and semaphores never deadlock.
"""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from treadle import crew
from treadle.call import SUBMISSIONS_DONE
from treadle.model import EFFECT_KINDS, RecordedCall

SETTLED_S = 0.001
"""Everybody must have been waiting for this long."""
LOOK_S = 0.001
"""How often to look whether everybody waits."""
STALLED_S = 0.2
"""Threads that wait for something else than an answer are given up on after this long without a change."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When an answer came in the recording."""

    at_ns: int
    turn: int | None


@dataclass(eq=False, slots=True)
class _Pending:
    moment: Moment
    released: bool = False
    thread: int = field(default_factory=threading.get_ident)
    future: "asyncio.Future[None] | None" = field(default=None)


@dataclass(eq=False, slots=True)
class _Loop:
    """What waits in one event loop, and whether its next turn is looked at: twice, and neither sees it idle."""

    pending: list[_Pending] = field(default_factory=list)
    is_armed: bool = False


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


class Order:
    """Releases the answers of one replay."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._threads: list[_Pending] = []
        self._moved_at = time.monotonic()
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Loop] = WeakKeyDictionary()
        crew.watch(self._crew_changed)

    async def wait_later(self, moment: Moment) -> None:
        """Wait in a coroutine."""
        loop = asyncio.get_running_loop()
        waiting = self._loops.setdefault(loop, _Loop())
        entry = _Pending(moment, future=loop.create_future())
        assert entry.future is not None
        waiting.pending.append(entry)
        if not waiting.is_armed:
            waiting.is_armed = True
            loop.call_soon(self._turn, loop, waiting)
        try:
            await entry.future
        finally:
            if entry in waiting.pending:
                waiting.pending.remove(entry)

    def _turn(self, loop: asyncio.AbstractEventLoop, waiting: "_Loop") -> None:
        pending = waiting.pending
        if pending and not getattr(loop, "_ready", None):
            in_order = sorted(pending, key=lambda entry: entry.moment.at_ns)
            for entry in [entry for entry in in_order if _together(entry.moment, in_order[0].moment)]:
                pending.remove(entry)
                assert entry.future is not None
                if not entry.future.done():
                    entry.future.set_result(None)
        waiting.is_armed = bool(pending)
        if pending:
            loop.call_soon(self._turn, loop, waiting)

    def wait(self, moment: Moment) -> None:
        """Wait in a thread."""
        entry = _Pending(moment)
        with self._changed:
            self._threads.append(entry)
            self._moved()
            try:
                while not entry.released:
                    pause = self._pause()
                    if pause <= 0:
                        self._release_first()
                    else:
                        self._changed.wait(pause)
            finally:
                if not entry.released:  # a signal handler raised
                    self._threads.remove(entry)

    def _pause(self) -> float:
        """Return how long to wait before the next release, in seconds; to be called with the lock held."""
        if crew.is_alone():
            return 0.0
        since = time.monotonic() - self._moved_at
        if crew.all_wait({entry.thread for entry in self._threads}):
            return SETTLED_S - since
        return min(STALLED_S - since, LOOK_S)

    def _release_first(self) -> None:
        first = min(self._threads, key=lambda entry: entry.moment.at_ns)
        first.released = True
        self._threads.remove(first)
        self._moved()

    def _crew_changed(self) -> None:
        with self._changed:
            self._moved()

    def _moved(self) -> None:
        self._moved_at = time.monotonic()
        self._changed.notify_all()


def _together(one: Moment, other: Moment) -> bool:
    return one.at_ns == other.at_ns or (one.turn is not None and one.turn == other.turn)
