"""The order of answers: as in the recording, without waiting the recorded time.

Serving at once breaks ordinary code: with `as_completed` over eight calls the order differs in 50 of 50 tries. Event
loops have theirs in `loop_order`. In threads one answer is released when every thread of the trace waits, or when
nothing has moved for a while: the one that came first in the recording. Only pending answers count.
"""

import asyncio
import threading
import time
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from treadle import crew
from treadle.replay.loop_order import LoopOrder
from treadle.replay.moments import Moment

SETTLED_S = 0.001
"""Everybody must have been waiting for this long."""
LOOK_S = 0.001
"""How often to look whether everybody waits."""
STALLED_S = 0.2
"""Threads that wait for something else than an answer are given up on after this long without a change."""
STALLED_LOOKS = 100
"""And after so many looks: on a busy machine one that could go on may not have had its turn all the while."""


@dataclass(eq=False, slots=True)
class _Pending:
    moment: Moment
    released: bool = False
    thread: int = field(default_factory=threading.get_ident)


class Order:
    """Releases the answers of one replay."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._threads: list[_Pending] = []
        self._moved_at = time.monotonic()
        self._looks = 0
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopOrder] = WeakKeyDictionary()
        crew.watch(self._crew_changed)

    async def wait_later(self, moment: Moment) -> None:
        """Wait in a coroutine."""
        loop = asyncio.get_running_loop()
        order = self._loops.get(loop)
        if order is None:
            order = self._loops[loop] = LoopOrder(loop, self._is_next)
        await order.wait(moment)

    def wait(self, moment: Moment) -> None:
        """Wait in a thread."""
        entry = _Pending(moment)
        with self._changed:
            self._threads.append(entry)
            self._moved()
            try:
                while not entry.released:
                    if entry is not self._first():
                        self._changed.wait()
                    elif (pause := self._pause()) > 0:
                        self._changed.wait(pause)
                    else:
                        self._release(entry)
            finally:
                if not entry.released:  # a signal handler raised
                    self._release(entry)

    def _pause(self) -> float:
        """Return how long to wait before the next release, in seconds; to be called with the lock held."""
        if crew.is_alone():
            return 0.0
        since = time.monotonic() - self._moved_at
        if crew.all_wait({entry.thread for entry in self._threads}) and not self._is_a_loop_before():
            return SETTLED_S - since
        return 0.0 if self._is_stalled(since) else LOOK_S

    def _is_next(self, moment: Moment) -> bool:
        """Tell an event loop whether its answer is the next: what came before it, in a thread too, has been seen."""
        if not crew.has_tasks():
            return True
        with self._changed:
            since = time.monotonic() - self._moved_at
            first = self._earliest_in_threads()
            is_stalled = self._is_stalled(since)
            if is_stalled or (first is not None and first < moment.at_ns):
                return is_stalled
            return since > SETTLED_S and crew.all_wait(
                {threading.get_ident(), *(each.thread for each in self._threads)}
            )

    def _is_a_loop_before(self) -> bool:
        """Tell whether an event loop is about to get an answer that came before the first of the threads'."""
        first = self._earliest_in_threads()
        earliest = [(order.earliest(), order.thread) for order in list(self._loops.values())]
        return any(
            at is not None and first is not None and at < first and not crew.is_blocked(thread)
            for at, thread in earliest
        )

    def _earliest_in_threads(self) -> int | None:
        return min((entry.moment.at_ns for entry in tuple(self._threads)), default=None)

    def _first(self) -> _Pending:
        """Return whose turn is next: it alone looks whether it has come, for to look costs the others their time."""
        return min(self._threads, key=lambda entry: entry.moment.at_ns)

    def _release(self, entry: _Pending) -> None:
        entry.released = True
        self._threads.remove(entry)
        self._moved()
        self._changed.notify_all()

    def _is_stalled(self, since: float) -> bool:
        """Look once more whether nothing has moved for long."""
        self._looks += 1
        return since > STALLED_S and self._looks > STALLED_LOOKS

    def _moved(self) -> None:
        self._moved_at, self._looks = time.monotonic(), 0

    def _crew_changed(self) -> None:
        self._moved()
