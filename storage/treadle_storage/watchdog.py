"""Stops queries that were cancelled or are out of time: DuckDB can be interrupted, and has no statement time-out.

An interrupt that comes a moment before the query has begun is lost, so it is repeated until the query has ended.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from treadle.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TICK_S = 0.05


class Interruptible(Protocol):
    """A DuckDB cursor, as far as it matters here."""

    def interrupt(self) -> None: ...  # noqa: D102


class Watch:
    """One query under watch."""

    def __init__(self, timeout_s: float | None) -> None:
        self._timeout_s = timeout_s
        self._left_s = timeout_s
        self._running_since: float | None = None
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Have the query stopped, also one that has not begun."""
        self._cancelled.set()

    def is_due(self) -> bool:
        """Tell whether the query is to be stopped."""
        return self._cancelled.is_set() or self._is_late()

    def reason(self) -> QueryError | None:
        """Return why the query was stopped, if it was."""
        if self._cancelled.is_set():
            return QueryError("the query was cancelled")
        if self._is_late():
            return QueryError(
                f"the query was stopped after {self._timeout_s:g} s: narrow it down, or give it a longer time-out"
            )
        return None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time in here, and only this, against the time-out: not the waiting for a slow client."""
        self._running_since = time.monotonic()
        try:
            yield
        finally:
            # In this order, or the watchdog would for a moment count the time twice.
            ran_s = time.monotonic() - self._running_since
            self._running_since = None
            if self._left_s is not None:
                self._left_s -= ran_s

    def _is_late(self) -> bool:
        if self._left_s is None:
            return False
        since = self._running_since
        return (self._left_s if since is None else self._left_s - (time.monotonic() - since)) <= 0


class Watchdog:
    """A thread that looks at all running queries of an owner."""

    def __init__(self) -> None:
        self._watched: dict[Watch, Interruptible] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop every query that runs, and the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def look(self) -> None:
        """Look now: a watch was cancelled."""
        with self._changed:
            self._changed.notify()

    @contextmanager
    def over(self, watch: Watch, cursor: Interruptible) -> Iterator[None]:
        """Interrupt the cursor when the watch is due, as long as this lasts and never after it."""
        if reason := watch.reason():
            raise reason
        with self._changed:
            self._watched[watch] = cursor
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._watched[watch]

    def _look(self) -> None:
        with self._changed:
            while not self._stopping or self._watched:
                for watch, cursor in self._watched.items():
                    if self._stopping or watch.is_due():
                        cursor.interrupt()
                self._changed.wait(_TICK_S if self._watched else None)
