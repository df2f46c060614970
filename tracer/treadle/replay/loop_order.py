"""Answers in one event loop, in the order in which they came in the recording, without waiting as long as then.

One pending answer is released each time the loop has nothing else ready, the one that came first in the recording:
by then all that it led to has happened. What came a few turns of the loop after it follows it by as many turns, for
who waited for it saw both. Only pending answers count, so queues and semaphores never deadlock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import get_ident

from treadle.replay.moments import Moment
from treadle.turns import turns_between

LOOK_S = 0.001
"""How often to look whether the threads have got theirs."""


@dataclass(eq=False, slots=True)
class _Pending:
    moment: Moment
    future: "asyncio.Future[None]"


@dataclass(eq=False, slots=True)
class LoopOrder:
    """What waits in one event loop."""

    loop: asyncio.AbstractEventLoop
    is_next: Callable[[Moment], bool]
    """Tells whether no thread must have its answer first."""
    thread: int = field(default_factory=get_ident)
    _pending: list[_Pending] = field(default_factory=list)
    _is_armed: bool = False
    """Whether each turn is looked at: by one callback alone, which would not see the loop idle beside another."""
    _woken: int | None = None
    """The recorded turn of a call that was released and ends in this turn."""
    _turn: int | None = None
    """The recorded turn that runs now; None where what follows it has all come."""

    async def wait(self, moment: Moment) -> None:
        """Wait for the turn of an answer."""
        entry = _Pending(moment, self.loop.create_future())
        self._pending.append(entry)
        if not self._is_armed:
            self._is_armed, self._woken, self._turn = True, None, None
            self.loop.call_soon(self._look)
        try:
            await entry.future
        finally:
            if entry in self._pending:
                self._pending.remove(entry)
        self._woken = moment.turn

    def _look(self) -> None:
        """Release what comes next; this runs behind the calls that were released in the turn before, in each turn."""
        if self._woken is not None:
            self._turn, self._woken = self._woken, None
        elif self._turn is not None:
            self._turn += 1
        if self._turn is not None:
            self._release_following()
        elif self._pending and not getattr(self.loop, "_ready", None):
            first = min(self._pending, key=lambda entry: entry.moment.at_ns)
            if not self.is_next(first.moment):
                self.loop.call_later(LOOK_S, self._look)
                return
            self._release([entry for entry in self._pending if _together(entry.moment, first.moment)])
        self._is_armed = bool(self._pending) or self._turn is not None
        if self._is_armed:
            self.loop.call_soon(self._look)

    def earliest(self) -> int | None:
        """Return when the first of the pending answers came in the recording; None where there is none."""
        return min((entry.moment.at_ns for entry in tuple(self._pending)), default=None)

    def _release_following(self) -> None:
        """Release what ended one turn later in the recording; forget the turn where nothing comes soon after it."""
        assert self._turn is not None
        apart = [
            (turns_between(self._turn, entry.moment.turn), entry)
            for entry in self._pending
            if entry.moment.turn is not None
        ]
        self._release([entry for turns, entry in apart if turns in (0, 1)])
        if not any(turns is not None and turns > 1 for turns, _ in apart):
            self._turn = None

    def _release(self, entries: list[_Pending]) -> None:
        for entry in sorted(entries, key=lambda entry: entry.moment.at_ns):
            self._pending.remove(entry)
            if not entry.future.done():
                entry.future.set_result(None)


def _together(one: Moment, other: Moment) -> bool:
    return one.at_ns == other.at_ns or (one.turn is not None and one.turn == other.turn)
