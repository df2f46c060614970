"""Clients that ask all the time, and note how long each answer took and what went wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import treadle_storage
from treadle.errors import StoreHeldError
from treadle_storage.store import Store

PAUSE_S = 0.02
Question = Callable[[Store], object]
QUESTIONS: dict[str, Question] = {
    "traces": lambda store: store.traces(limit=20),
    "status": lambda store: store.status(),
    "version": lambda store: store.version(),
    "sql": lambda store: store.sql("select count(*) from spans where status = 'error'").fetchall(),
    "trees": lambda store: [store.tree(trace.trace_id) for trace in store.traces(limit=2)],
}


@dataclass(frozen=True, slots=True)
class Wait:
    """One question, from asking to the answer."""

    question: str
    begun_s: float
    """Monotonic, as `ended_s`."""
    ended_s: float
    error: Exception | None = None

    @property
    def seconds(self) -> float:
        """Return how long it took."""
        return self.ended_s - self.begun_s

    @property
    def is_held(self) -> bool:
        """Tell whether the answer was that a foreign program has the file."""
        return isinstance(self.error, StoreHeldError)


class Reader:
    """A client in a thread of its own."""

    def __init__(self, store: Path, *, fresh: bool) -> None:
        self.waits: list[Wait] = []
        self._store = store
        self._fresh = fresh
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Return when the last answer has come."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with treadle_storage.open(self._store, fresh=self._fresh) as store:
            while not self._stopping.is_set():
                for name, ask in QUESTIONS.items():
                    self.waits.append(_timed(store, name, ask))
                    self._stopping.wait(PAUSE_S)


def _timed(store: Store, name: str, ask: Question) -> Wait:
    begun_s = time.monotonic()
    try:
        ask(store)
    except Exception as error:
        return Wait(name, begun_s, time.monotonic(), error)
    return Wait(name, begun_s, time.monotonic())
