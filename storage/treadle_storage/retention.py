"""What is kept and what goes: `prune` takes whole traces, with their journals and blobs, and gives the space back.

Running traces stay, and those that a person bookmarked or that fit what is to be kept. The index is written anew
without the others, and the journals of the processes that they came from are removed: the index has the rest.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.blobs import FOLDER as BLOB_FOLDER
from treadle_storage.index import Index
from treadle_storage.journals import list_journals, opened
from treadle_storage.place import place_of
from treadle_storage.rewriting import rewrite, sole_owner
from treadle_storage.schema import TABLES
from treadle_storage.sizes import sizes_of

if TYPE_CHECKING:
    import duckdb

    from treadle_storage.store import Store

YOUNG_S = 3600.0
"""A blob is on disk before the record that names it, and is touched when it is named again: a younger one stays."""
_GOING = """
create temp table going as select unnest($traces::uuid[]) as trace_id;
"""
_NOT_RUNNING = "delete from going where trace_id in (select trace_id from old.open_spans)"
_STAYING = """
create temp table staying as
select distinct process_id from old.finished where trace_id not in (from going)
union select process_id from old.open_spans
union select unnest($alive::ubigint[])
"""
_TOUCHED = "select distinct printf('%016x', process_id) from old.finished where trace_id in (from going)"
_WITH_SPANS = "select distinct printf('%016x', process_id) from old.recorded"
_NAMED_TRACE = re.compile(rb'"trace":"([0-9a-f]{32})"')
_OF_TRACES = "insert into {table} by name select * from old.{table} where trace_id not in (from going)"
_OF_PROCESSES = "insert into {table} by name select * from old.{table} where process_id in (from staying)"
_WHOLE = "insert into {table} by name from old.{table}"
_SCORES = """
insert into score_rows by name select * from old.score_rows
where trace_id not in (from going) or process_id not in (select process_id from old.process_rows)
"""
"""What people said stands in journals of its own, and stays."""
_HOW = {
    **dict.fromkeys(("finished", "open_spans", "roots", "event_rows", "closure_rows", "links"), _OF_TRACES),
    **dict.fromkeys(("process_rows", "functions", "source_rows"), _OF_PROCESSES),
    **dict.fromkeys(("mark_rows", "journals", "rejected", "pruned"), _WHOLE),
    "score_rows": _SCORES,
}
_REMEMBER = "insert into pruned select trace_id, $now from going"
_NAMED_BLOBS = """
select distinct unnest(regexp_extract_all(held, '[0-9a-f]{64}')) from (
  select unnest([input_tagged, output_tagged, error::varchar]) as held from recorded
  union all select unnest([tagged, attributes::varchar]) from event_rows
  union all select cells from closure_rows
) where contains(held, '"blob"')
"""
_FORGET = (
    "delete from finished using pruned where finished.trace_id = pruned.trace_id and started_ns <= pruned_ns",
    "delete from event_rows using pruned where event_rows.trace_id = pruned.trace_id and at_ns <= pruned_ns",
    "delete from links using pruned where links.trace_id = pruned.trace_id and created_ns <= pruned_ns",
    "delete from closure_rows where (trace_id, span_id) not in (select (trace_id, span_id) from recorded)",
    "delete from roots where (trace_id, span_id) not in (select (trace_id, span_id) from recorded)",
    """delete from score_rows using pruned where score_rows.trace_id = pruned.trace_id and created_ns <= pruned_ns
    and process_id in (select process_id from process_rows)""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What goes: what is older than that, and then the oldest until the store is no larger than that."""

    older_than_s: float | None = None
    max_bytes: int | None = None
    keep: str | None = None
    """A condition on traces, as everywhere: those that fit stay."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The traces that a rule takes."""

    traces: tuple[str, ...]
    spans: int
    about_bytes: int
    """What they take on disk, going by the length of their payloads."""
    kept: int
    """Traces that the rule would take, but that are running, bookmarked or to be kept."""
    newest_ns: int | None
    """When the newest of those that go began."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, and what came back."""

    traces: int
    journals: int
    blobs: int
    before_bytes: int
    after_bytes: int


def choose(store: Store, rule: Rule, *, now_ns: int | None = None) -> Choice:
    """Return what a rule takes.

    Raises:
        QueryError: what is to be kept is no condition.

    """
    traces = store.prunable(rule.keep)
    whole_bytes = sizes_of(store.path).all_bytes
    weight = max(1, sum(trace.weight_bytes for trace in traces))
    before_ns = None if rule.older_than_s is None else (now_ns or time.time_ns()) - int(rule.older_than_s * 1e9)
    left_bytes, kept, going = float(whole_bytes), 0, []
    for trace in traces:
        is_old = before_ns is not None and trace.started_ns < before_ns
        is_too_much = rule.max_bytes is not None and left_bytes > rule.max_bytes
        if not (is_old or is_too_much):
            continue
        if trace.is_kept:
            kept += 1
            continue
        going.append(trace)
        left_bytes -= trace.weight_bytes / weight * whole_bytes
    return Choice(
        traces=tuple(trace.trace_id for trace in going),
        spans=sum(trace.spans for trace in going),
        about_bytes=int(whole_bytes - left_bytes),
        kept=kept,
        newest_ns=max((trace.started_ns for trace in going), default=None),
    )


def prune(store: Path, traces: Sequence[str]) -> Pruned:
    """Take traces out of a store for good; those that still run by then stay.

    Raises:
        StoreHeldError: another program has the database open.
        StoreError: the store cannot be written.

    """
    before_bytes = sizes_of(store).all_bytes
    with sole_owner(place_of(store), to="prune it"):
        _catch_up(store)
        taking = _Taking(store, traces)
        rewrite(store, taking.fill)
        journals = _remove(taking.journals())
        blobs = _remove(taking.blobs())
    return Pruned(taking.count, journals, blobs, before_bytes, sizes_of(store).all_bytes)


def forget_pruned(connection: duckdb.DuckDBPyConnection) -> None:
    """Take out again what journals brought back of traces that were pruned while their process ran."""
    for statement in _FORGET:
        connection.execute(statement)


class _Taking:
    """Takes traces out while the index is written anew, and knows what else goes with them."""

    def __init__(self, store: Path, traces: Sequence[str]) -> None:
        self._store = store
        self._traces = list(traces)
        self._over: set[str] = set()
        self._touched: set[str] = set()
        self._named: set[str] = set()
        self.count = 0

    def fill(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Copy all that stays."""
        finished = dict(connection.execute("select name, finished from old.journals").fetchall())
        segments = {journal.name: journal.process for journal in list_journals(self._store)}
        alive = {process for name, process in segments.items() if not finished.get(name)}
        connection.execute(_GOING, {"traces": self._traces})
        connection.execute(_NOT_RUNNING)
        self.count = _numbers(connection, "select count(*) from going")[0]
        self._over = set(segments.values()) - alive
        with_spans = {process for (process,) in connection.execute(_WITH_SPANS).fetchall()}
        self._touched = {process for (process,) in connection.execute(_TOUCHED).fetchall()}
        self._touched |= self._naming(self._over - with_spans)
        connection.execute(_STAYING, {"alive": [int(process, 16) for process in alive]})
        connection.begin()
        for table in TABLES:
            connection.execute(_HOW[table].format(table=table))
        if self._touched & alive:
            connection.execute(_REMEMBER, {"now": time.time_ns()})
        connection.commit()
        self._named = {name for (name,) in connection.execute(_NAMED_BLOBS).fetchall()}

    def _naming(self, processes: set[str]) -> set[str]:
        """Return those whose journals name what goes: imports, whose spans are of other processes."""
        going = {trace.encode() for trace in self._traces}
        found: set[str] = set()
        for journal in list_journals(self._store):
            if journal.process in processes - found and not journal.is_people:
                with opened(journal) as file:
                    if any(not going.isdisjoint(_NAMED_TRACE.findall(line)) for line in file):
                        found.add(journal.process)
        return found

    def journals(self) -> Iterator[Path]:
        """Yield the segments of processes that are over and from which something was taken."""
        for journal in list_journals(self._store):
            if journal.process in self._touched & self._over and not journal.is_people:
                yield journal.path

    def blobs(self) -> Iterator[Path]:
        """Yield the blobs that no record names any more."""
        old = time.time() - YOUNG_S
        for path in (self._store / BLOB_FOLDER).glob("*/*"):
            if path.name not in self._named and path.stat().st_mtime < old:
                yield path


def _catch_up(store: Path) -> None:
    """Index what the journals hold: what is not known cannot be taken out."""
    index = Index(store)
    try:
        while (progress := index.ingest()).changed or progress.backlog_bytes:
            continue
    finally:
        index.close()


def _remove(paths: Iterator[Path]) -> int:
    count = 0
    for count, path in enumerate(paths, 1):  # noqa: B007 - counted
        path.unlink(missing_ok=True)
    return count


def _numbers(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = connection.execute(query).fetchone()
    return tuple(row or ())
