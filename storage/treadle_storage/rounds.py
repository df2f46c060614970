"""The owner's thread that keeps the index up with the journals."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import duckdb

from treadle.errors import TreadleError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FAST_S = 0.1
"""Between two rounds while someone looks; a commit costs as much as a hundred spans."""
SLOW_S = 1.0

_log = logging.getLogger(__name__)


class Ingesting(Protocol):
    """The part of the index that is driven here."""

    def ingest(self) -> Any: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the index is behind the journals."""

    backlog_bytes: int = 0
    """Whole lines that are not read yet; half-written last ones do not count."""
    failure: str | None = None
    """Why the last round failed, if it did."""

    def has_more(self) -> bool:
        """Tell whether another round at once would get further."""
        return not self.failure and self.backlog_bytes > 0


class Ingester:
    """Ingests in rounds: fast while someone looks, at once when someone asks and waits, else slowly."""

    def __init__(self, index: Ingesting, *, is_watched: Callable[[], bool], on_end: Callable[[], None]) -> None:
        self._index = index
        self._is_watched = is_watched
        self._on_end = on_end
        self._changed = threading.Condition()
        self._begun = 0
        self._ended = 0
        self._wanted = 0
        self._stopping = False
        self.standing = Standing()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    def is_caught_up(self) -> bool:
        """Tell whether what the journals hold is indexed."""
        return self._ended > 0 and not self.standing.backlog_bytes

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round under way and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def catch_up(self, *, patience_s: float, is_given_up: Callable[[], bool]) -> None:
        """Return when a round that began after this call has ended and left nothing to read, or patience has."""
        deadline = time.monotonic() + patience_s
        with self._changed:
            awaited = self._begun + 1
            self._wanted = max(self._wanted, awaited)
            self._changed.notify_all()
            while not self._stopping and (self._ended < awaited or self.standing.has_more()):
                if is_given_up() or not self._changed.wait(deadline - time.monotonic()):
                    return

    def _run(self) -> None:
        try:
            while self._await_next():
                standing = self._round()
                with self._changed:
                    self.standing = standing
                    self._ended = self._begun
                    self._changed.notify_all()
        finally:
            # A thread that dies of a fault must not leave an owner behind that indexes nothing.
            self._on_end()

    def _await_next(self) -> bool:
        pause_s = 0.0 if self.standing.has_more() else FAST_S if self._is_watched() else SLOW_S
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._wanted > self._begun, pause_s)
            self._begun += 1
            return not self._stopping

    def _round(self) -> Standing:
        try:
            return Standing(self._index.ingest().backlog_bytes)
        except (duckdb.Error, TreadleError, OSError) as error:
            failure = f"{type(error).__name__}: {error}"
            if failure != self.standing.failure:
                _log.exception("journals could not be indexed")
            return Standing(failure=failure)
