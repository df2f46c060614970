"""The jump history: where the position has been, to go back and forward through, as in a browser."""


class History:
    """Visited spans in order, and which of them the position is at now.

    Spans are kept by id, not by row: a trace that still grows may shift its rows.
    """

    def __init__(self, first: str, *, limit: int = 10_000) -> None:
        self._visited = [first]
        self._at = 0
        self._limit = limit

    def visit(self, span_id: str) -> None:
        """Note a jump; what lay ahead after going back is forgotten."""
        if self._visited[self._at] == span_id:
            return
        del self._visited[self._at + 1 :]
        self._visited.append(span_id)
        del self._visited[: -self._limit]
        self._at = len(self._visited) - 1

    def back(self, count: int = 1) -> str | None:
        """Return the span visited before, or None at the beginning of the history."""
        return self._go(-count)

    def forward(self, count: int = 1) -> str | None:
        """Return the span that was gone back from, or None at the end of the history."""
        return self._go(count)

    @property
    def previous(self) -> str | None:
        """The span that the position came from."""
        return self._visited[self._at - 1] if self._at else None

    def _go(self, count: int) -> str | None:
        target = min(max(self._at + count, 0), len(self._visited) - 1)
        if target == self._at:
            return None
        self._at = target
        return self._visited[target]
