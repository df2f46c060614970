"""Steps as they arrive in a store: what `treadle tail` follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle_storage.store import Store

MOST = 1_000
"""Steps that one answer looks at."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A step that has ended."""

    trace_id: str
    span_id: str
    name: str
    kind: str
    status: str
    source: str
    ended_at_ns: int | None
    """None where it was cut off with its process."""
    duration_ms: float | None
    model: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    error_type: str | None
    error_message: str | None


class Following:
    """What arrives in a store from now on, and the end of what is there."""

    def __init__(self, store: Store, where: str | None) -> None:
        """Begin at the end.

        Raises:
            QueryError: the condition cannot be read.

        """
        self._store = store
        self._where = where
        self._seen = store.last_arrival()

    def before(self, count: int) -> list[Arrival]:
        """Return the last steps of those that were there, of the newest thousand."""
        found = self._store.arrivals(max(0, self._seen - MOST + 1), self._seen, where=self._where)
        return found[len(found) - count :] if count else []

    def new(self) -> Iterator[Arrival]:
        """Yield what came since this was last asked."""
        end = self._store.last_arrival()
        if end < self._seen:  # pruned, or rebuilt: the rows have other numbers
            self._seen = end
        while self._seen < end:
            until = min(end, self._seen + MOST)
            yield from self._store.arrivals(self._seen + 1, until, where=self._where)
            self._seen = until
