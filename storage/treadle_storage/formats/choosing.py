"""Which traces an export is about, in groups of some thousand spans, so that any store fits in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from treadle_storage.store import Store

GROUP_SPANS = 2000
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Chosen:
    """The traces of an export, the oldest first."""

    traces: tuple[tuple[str, int], ...]
    """Each trace's id, and how many spans it had when they were counted."""

    @property
    def span_count(self) -> int:
        """How many spans there are."""
        return sum(count for _, count in self.traces)

    def groups(self) -> Iterator[list[str]]:
        """Yield ids of traces that have some thousand spans together, or of one that has more."""
        group: list[str] = []
        held = 0
        for trace_id, count in self.traces:
            if group and held + count > GROUP_SPANS:
                yield group
                group, held = [], 0
            group.append(trace_id)
            held += count
        if group:
            yield group


def choose(store: Store, *, trace_id: str | None = None, where: str | None = None) -> Chosen:
    """Return one trace, or all, or those that fit: a glob on their name, or SQL on the columns of `traces`.

    Raises:
        NotFoundError: there is no such trace.
        QueryError: `where` cannot be run.

    """
    if trace_id is not None:
        return Chosen(((trace_id, store.trace(trace_id).span_count),))
    found: list[tuple[str, int]] = []
    page = store.traces(limit=PAGE, where=where)
    while page:
        found += [(summary.trace_id, summary.span_count) for summary in page]
        page = store.traces(limit=PAGE, before=page[-1], where=where) if len(page) == PAGE else []
    return Chosen(tuple(reversed(found)))


def ids_sql(trace_ids: Sequence[str]) -> str:
    """Return ids that the store gave, as the list of a condition: they are hex digits, and nothing else."""
    return ", ".join(f"'{trace_id}'" for trace_id in trace_ids if trace_id.isalnum())
