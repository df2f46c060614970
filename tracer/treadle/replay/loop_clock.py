"""The clock of a replay's event loops: it counts the time that a loop waits, and hardly what it is busy.

Answers come at once in a replay, and a busy machine may still take longer over them than a time-out allows that saw
them come in time. So of each turn of a loop only a moment counts: enough for who watches the clock without waiting.
"""

import functools
import time
from asyncio import AbstractEventLoop, selector_events
from collections.abc import Callable
from threading import RLock, get_ident
from typing import Any

from treadle import crew

MOST_BUSY_S = 0.00005
"""Counts of each turn's own time."""


class _Clock:
    """The clock of one loop."""

    def __init__(self, loop: AbstractEventLoop, select: Callable[[float | None], Any]) -> None:
        self._ready = getattr(loop, "_ready", ())
        self._waking = RLock()
        self._select = select
        self._thread = 0
        self._passed_s = loop.time()
        self._busy_since = time.monotonic()

    def time(self) -> float:
        """Return the seconds that count."""
        return self._passed_s + min(time.monotonic() - self._busy_since, MOST_BUSY_S)

    def select(self, timeout: float | None = None) -> Any:
        """Wait for what the loop waits for."""
        self._passed_s = self.time()
        began = time.monotonic()
        self._thread = get_ident()
        with self._waking:
            if timeout != 0 and not self._ready:
                crew.loop_waits(self._thread)
        try:
            return self._select(timeout)
        finally:
            crew.loop_goes_on(self._thread)
            self._busy_since = time.monotonic()
            self._passed_s += self._busy_since - began

    def waking(self, schedule: Callable[..., Any]) -> Callable[..., Any]:
        """Return what another thread wakes the loop with, and says so."""

        @functools.wraps(schedule)
        def schedule_safely(*args: Any, **kwargs: Any) -> Any:
            with self._waking:
                crew.loop_goes_on(self._thread)
                return schedule(*args, **kwargs)

        return schedule_safely


def install() -> None:
    """Give this clock to every loop of Python's own that is made from now on."""
    original = selector_events.BaseSelectorEventLoop.__init__

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        selector = self._selector
        clock = _Clock(self, selector.select)
        selector.select, self.time = clock.select, clock.time
        self.call_soon_threadsafe = clock.waking(self.call_soon_threadsafe)

    selector_events.BaseSelectorEventLoop.__init__ = init  # type: ignore[method-assign]
