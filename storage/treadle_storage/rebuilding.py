"""`rebuild`: the index made anew from the journals, with what only the old one holds taken over.

A process whose journal is there whole is read again; of a process with a segment gone (expired, or removed) every row
is copied, and what its journal gained since is read from where the old index stood. Imported spans are of other
processes than their journal: where a journal is gone, spans that none of the others holds are taken over last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle_storage.ingest import Ingest
from treadle_storage.journals import list_journals, process_of
from treadle_storage.place import place_of
from treadle_storage.retention import forget_pruned
from treadle_storage.rewriting import rewrite, sole_owner
from treadle_storage.schema import INGEST_FOLDER, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

COUNTED = {"spans": "recorded", "traces": "trace_roots", "events": "event_rows", "scores": "score_rows"}
_OF_PROCESSES = tuple(table for table, columns in TABLES.items() if "process_id" in columns)
_READ_BEFORE = "select name from old.journals where read_bytes > 0"
_GONE = "create temp table gone as select unnest($processes::ubigint[]) as process_id"
_COPY_ROWS = "insert into {table} by name select * from old.{table} where process_id in (from gone)"
_COPY_ROOTS = """
insert into roots by name select * from old.roots
where (trace_id, span_id) in (select (trace_id, span_id) from recorded)
"""
_COPY_LINKS = """
insert into links by name select * from old.links
where trace_id in (select trace_id from recorded) and (trace_id, span_id) in (select (trace_id, span_id) from recorded)
"""
_LEFT = """
create temp table left_spans as
select trace_id, span_id from old.finished where (trace_id, span_id) not in (select (trace_id, span_id) from recorded)
"""
_COPY_LEFT = """
insert into {table} by name select * from old.{table}
where (trace_id, span_id) in (select (trace_id, span_id) from left_spans)
"""
_COPY_LEFT_PROCESSES = """
insert into process_rows by name select * from old.process_rows
where process_id not in (select process_id from process_rows)
and process_id in (select process_id from finished semi join left_spans using (trace_id, span_id))
"""
_COPY_OFFSETS = "insert into journals by name select * from old.journals where name in (select unnest($names))"
_COPY_REJECTED = "insert into rejected by name select * from old.rejected where journal in (select unnest($names))"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found, and what came of it."""

    read_again: int
    """Processes whose journals were there whole."""
    taken_over: int
    """Processes that only the old index knew whole."""
    before: dict[str, int]
    after: dict[str, int]
    """How many spans, traces, events and scores there were, and are."""
    rejected: int
    """Records that could not be read."""


def rebuild(store: Path, *, on_progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Make the index of a store anew; `on_progress` hears how many bytes of the journals are read, of how many.

    Raises:
        StoreHeldError: another program has the database open.
        StoreError: the store cannot be written, or the old index cannot be read.

    """
    made: list[Rebuilt] = []
    with sole_owner(place_of(store), to="rebuild the index"):
        rewrite(store, lambda connection: made.append(_fill(connection, store, on_progress)))
    return made[0]


def _fill(
    connection: duckdb.DuckDBPyConnection, store: Path, on_progress: Callable[[int, int], None] | None
) -> Rebuilt:
    journals = list_journals(store)
    present = {journal.name for journal in journals}
    read_before = {name for (name,) in connection.execute(_READ_BEFORE).fetchall()}
    gone = {process_of(name) for name in read_before - present}
    known = {process_of(name) for name in read_before | present}
    _take_over(connection, gone, [name for name in read_before if process_of(name) in gone])
    _read_again(connection, store, on_progress)
    if gone:
        _take_over_what_is_left(connection)
    forget_pruned(connection)
    return Rebuilt(
        read_again=len(known - gone),
        taken_over=len(gone),
        before=_counts(connection, "old."),
        after=_counts(connection, ""),
        rejected=_count(connection, "rejected"),
    )


def _take_over(connection: duckdb.DuckDBPyConnection, gone: set[str], segments: list[str]) -> None:
    """Copy what the old index knows of processes, and how far it has read the segments that they have or had."""
    connection.execute(_GONE, {"processes": [int(process, 16) for process in gone]})
    connection.begin()
    for table in _OF_PROCESSES:
        connection.execute(_COPY_ROWS.format(table=table))
    connection.execute(_COPY_ROOTS)
    connection.execute(_COPY_LINKS)
    connection.execute("insert into pruned by name from old.pruned")
    for statement in (_COPY_OFFSETS, _COPY_REJECTED):
        connection.execute(statement, {"names": segments})
    connection.commit()


def _read_again(
    connection: duckdb.DuckDBPyConnection, store: Path, on_progress: Callable[[int, int], None] | None
) -> None:
    (store / INGEST_FOLDER).mkdir(exist_ok=True, mode=0o700)
    ingest = Ingest(connection.cursor(), store)
    whole_bytes = 0
    while (progress := ingest.run()).changed or progress.backlog_bytes:
        whole_bytes = max(whole_bytes, progress.backlog_bytes)
        if on_progress is not None:
            on_progress(whole_bytes - progress.backlog_bytes, whole_bytes)


def _take_over_what_is_left(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(_LEFT)
    connection.begin()
    for table in ("finished", "roots", "links"):
        connection.execute(_COPY_LEFT.format(table=table))
    connection.execute(_COPY_LEFT_PROCESSES)
    connection.commit()


def _counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    return {what: _count(connection, database + table) for what, table in COUNTED.items()}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - one of our own tables
    return int(row[0]) if row else 0
