"""Bookmarks: letters that name a span of a trace, kept in the store."""

from treadle_debugger.marks import Keeper, new_mark_id


class Bookmarks:
    """The bookmarks of one trace, by letter."""

    def __init__(self, trace_id: str, keeper: Keeper) -> None:
        self._trace_id = trace_id
        self._keeper = keeper
        self._spans: dict[str, str] = {}
        self._mark_ids: dict[str, str] = {}
        for mark in keeper.found("bookmark"):
            value = mark.value if isinstance(mark.value, dict) else {}
            letter, span_id = value.get("letter"), value.get("span")
            if isinstance(letter, str) and isinstance(span_id, str):
                self._spans[letter] = span_id
                self._mark_ids[letter] = mark.mark_id

    def set(self, letter: str, span_id: str) -> None:
        """Let a letter name a span from now on."""
        mark_id = self._mark_ids.setdefault(letter, new_mark_id())
        self._spans[letter] = span_id
        value = {"letter": letter, "span": span_id}
        self._keeper.keep(mark_id, "bookmark", dict(value), trace_id=self._trace_id)

    def get(self, letter: str) -> str | None:
        """Return the span that a letter names."""
        return self._spans.get(letter)

    def all(self) -> dict[str, str]:
        """Return every letter with its span."""
        return dict(self._spans)
