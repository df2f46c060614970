"""How far a replay that runs has come: what its child has reported until now."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a replay stands."""

    counts: dict[str, int]
    """How many calls were decided how."""
    decision: str
    """What was decided last; empty before the first call."""
    path: str
    """About which call."""

    @property
    def done(self) -> int:
        """How many calls were decided about."""
        return sum(self.counts.values())


class Progress:
    """Gathers the lines of a report in one thread, and says in another where the replay stands."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._decided: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._newest = ("", "")

    def take(self, line: dict[str, Any]) -> None:
        """Take a line, as `Control.on_line` does; a call that is decided about again counts once."""
        if "decision" not in line:
            return
        span_id, decision = str(line["span"]), str(line["decision"])
        decision = "served" if decision == "moved" else decision
        before = self._decided.get(span_id)
        self._decided[span_id] = decision
        counts = self._counts.copy()
        counts[decision] += 1
        if before is not None:
            counts[before] -= 1
        self._counts = counts
        self._newest = (decision, str(line["path"]))

    def stand(self) -> Stand:
        """Return how far it has come."""
        decision, path = self._newest
        return Stand({word: count for word, count in self._counts.items() if count}, decision, path)

    @property
    def elapsed_s(self) -> float:
        """How long it runs."""
        return time.monotonic() - self._started
