"""The index of a store: the database, kept up with the journals and asked by name.

Lives in the owner process alone. Questions are answered on cursors of their own, each in a read-only transaction, so
that one sees one state of the store and can change nothing, whatever a user's expression holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb

from treadle.errors import NotFoundError, QueryError, StoreError
from treadle_storage import arrivals, queries, search_questions, step_questions, trace_pages, watches, weighing
from treadle_storage.columns import Columns
from treadle_storage.ingest import Ingest, Progress
from treadle_storage.schema import DATABASE, INGEST_FOLDER, cannot_open, open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Answer: TypeAlias = Callable[["duckdb.DuckDBPyConnection", dict[str, Any]], Columns]

_NO_TRACE = "no trace {}: `treadle traces` lists what there is"
_IDS = {"trace_id": 32, "span_id": 16}


class Index:
    """The open database of a store; the only object that holds it."""

    def __init__(self, store: Path, *, read_only: bool = False) -> None:
        """Open the store's database, made or migrated where need be.

        Raises:
            StoreVersionError: a newer Treadle wrote it.
            StoreHeldError: another program has it open.
            StoreError: it cannot be opened.

        """
        self.store = store
        self.version = 1
        """Grows with each commit that changed anything."""
        if read_only and not (store / DATABASE).exists():
            raise StoreError(f"{store} has no index yet: open it once without --read-only")
        try:
            if not read_only:
                (store / INGEST_FOLDER).mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = open_database(store, read_only=read_only)
            self._ingest = None if read_only else Ingest(self._connection.cursor(), store)
        except (duckdb.Error, OSError) as error:
            raise cannot_open(store_file=store / DATABASE, error=error) from error

    def ingest(self) -> Progress:
        """Index what the journals gained, a bounded piece of it; one caller at a time."""
        if self._ingest is None:
            return Progress(new_spans=0, backlog_bytes=0, rejected=0, changed=False)
        progress = self._ingest.run()
        if progress.changed:
            self.version += 1
        return progress

    def indexed(self) -> dict[str, bool]:
        """Return of each segment, by its name, whether all that it will ever hold is indexed."""
        return dict(self.cursor().execute("select name, finished from journals").fetchall())

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor to ask with, for one thread at a time."""
        return self._connection.cursor()

    def ask(self, question: str, args: dict[str, Any], cursor: duckdb.DuckDBPyConnection) -> Columns:
        """Answer a question about the store.

        Raises:
            QueryError: an expression in it cannot be run, or may not be.
            NotFoundError: it is about a trace or a span that is not there.
            AmbiguousError: it names several.

        """
        answer = _ANSWERS.get(question)
        if answer is None:
            raise QueryError(f"no question is called {question!r}")
        _check_ids(args)
        cursor.execute("begin transaction read only")
        try:
            return answer(cursor, args)
        finally:
            cursor.execute("rollback")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()


def _check_ids(args: dict[str, Any]) -> None:
    """Ids come from outside: one that is not hex names nothing."""
    for key, digits in _IDS.items():
        value = args.get(key)
        if value is None:
            continue
        if not isinstance(value, str) or len(value) != digits or not all(c in "0123456789abcdef" for c in value):
            raise NotFoundError(f"{value!r} is no {key.removesuffix('_id')} id of {digits} hex digits")


def _about_trace(statement: str) -> Answer:
    def answer(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
        return Columns.from_result(cursor.execute(statement, {"trace": args["trace_id"]}))

    return answer


def _about_span(statement: str) -> Answer:
    def answer(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
        arguments = {"trace": args["trace_id"], "span": int(args["span_id"], 16)}
        return Columns.from_result(cursor.execute(statement, arguments))

    return answer


def _about_store(statement: str) -> Answer:
    def answer(cursor: duckdb.DuckDBPyConnection, _: dict[str, Any]) -> Columns:
        return Columns.from_result(cursor.execute(statement))

    return answer


def _calls(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    found = Columns.from_result(cursor.execute(queries.CALLS, {"trace": args["trace_id"]}))
    if not len(found):
        raise NotFoundError(_NO_TRACE.format(args["trace_id"]))
    return found


def _trace(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    found = trace_pages.summaries(cursor, [args["trace_id"]])
    if not len(found):
        raise NotFoundError(_NO_TRACE.format(args["trace_id"]))
    return found


_ANSWERS: dict[str, Answer] = {
    "traces": trace_pages.page,
    "trace": _trace,
    "resolve": trace_pages.resolve,
    "tree": step_questions.tree,
    "step": step_questions.step,
    "source": step_questions.source,
    "hits": step_questions.hits,
    "watch": watches.watch,
    "column": step_questions.column,
    "search": step_questions.search,
    "messages": _about_span(queries.MESSAGES),
    "events": _about_span(queries.EVENTS),
    "scores": _about_trace(queries.SCORES),
    "process": _about_trace(queries.PROCESS),
    "calls": _calls,
    "chunks": _about_trace(queries.CHUNKS),
    "closures": _about_trace(queries.CLOSURES),
    "kept_sources": _about_trace(queries.KEPT_SOURCES),
    "marks": _about_store(queries.MARKS),
    "prunable": weighing.candidates,
    "found": search_questions.found,
    "last_arrival": arrivals.last,
    "arrivals": arrivals.between,
    "status": _about_store(queries.STATUS),
    "rejected": _about_store(queries.REJECTED),
}
