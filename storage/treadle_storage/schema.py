"""The database file: its tables, its version, and how it is opened.

Rows are wide and written once, in the order of arrival, so that no common question joins. Ids are numbers inside
(UUID, UBIGINT), hex in the views. An open span's row lives in `open_spans` until its end comes; `spans` shows both.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import duckdb

from treadle.errors import StoreError, StoreHeldError, StoreVersionError
from treadle_storage.message_views import MESSAGE_VIEWS
from treadle_storage.views import SESSIONS_BY_TRACE, SOURCES_VIEW, VIEWS

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "treadle.duckdb"
INGEST_FOLDER = "ingest"
SPAN_COLUMNS: dict[str, str] = {
    "trace_id": "UUID", "span_id": "UBIGINT", "parent_span_id": "UBIGINT", "process_id": "UBIGINT", "seq": "UBIGINT",
    "name": "VARCHAR", "kind": "VARCHAR", "status": "VARCHAR", "error_type": "VARCHAR", "error_message": "VARCHAR",
    "error": "JSON", "started_ns": "BIGINT", "ended_ns": "BIGINT", "first_chunk_ns": "BIGINT", "thread_id": "BIGINT",
    "task_id": "VARCHAR", "model": "VARCHAR", "provider": "VARCHAR", "temperature": "DOUBLE",
    "finish_reason": "VARCHAR", "input": "JSON", "output": "JSON", "input_tagged": "VARCHAR",
    "output_tagged": "VARCHAR", "input_tokens": "BIGINT", "output_tokens": "BIGINT", "cache_read_tokens": "BIGINT",
    "cache_write_tokens": "BIGINT", "reasoning_tokens": "BIGINT", "cost_usd": "DOUBLE", "session_id": "VARCHAR",
    "user_id": "VARCHAR", "service": "VARCHAR", "tags": "VARCHAR[]", "code_function": "VARCHAR",
    "code_file": "VARCHAR", "code_line": "INTEGER", "code_hash": "VARCHAR", "flavour": "VARCHAR",
    "args_hash": "UUID", "attributes": "VARIANT", "source": "VARCHAR", "served_from": "UBIGINT",
    "not_replayable_why": "VARCHAR", "ordinal": "VARCHAR", "turn": "BIGINT", "closed": "BOOLEAN",
    "chunks_digest": "VARCHAR", "start_signature": "VARCHAR", "end_signature": "VARCHAR",
}  # fmt: skip
"""`input_tagged` and `output_tagged` are null where they are the same bytes as `input` and `output`."""
_COMPRESSED = frozenset({"error", "input", "output", "input_tagged", "output_tagged"})

_FIRST_TABLES: dict[str, dict[str, str]] = {
    "finished": SPAN_COLUMNS,
    "open_spans": {**SPAN_COLUMNS, "start_row": "VARCHAR"},
    "roots": {"trace_id": "UUID", "span_id": "UBIGINT", "started_ns": "BIGINT", "has_parent": "BOOLEAN"},
    "event_rows": {
        "trace_id": "UUID", "span_id": "UBIGINT", "process_id": "UBIGINT", "seq": "UBIGINT", "part": "INTEGER",
        "at_ns": "BIGINT", "name": "VARCHAR", "attributes": "JSON", "tagged": "VARCHAR",
    },
    "score_rows": {
        "trace_id": "UUID", "span_id": "UBIGINT", "name": "VARCHAR", "value": "DOUBLE", "passed": "BOOLEAN",
        "label": "VARCHAR", "comment": "VARCHAR", "source": "VARCHAR", "author": "VARCHAR", "created_ns": "BIGINT",
        "process_id": "UBIGINT", "seq": "UBIGINT",
    },
    "links": {
        "trace_id": "UUID", "span_id": "UBIGINT", "rel": "VARCHAR", "to_trace_id": "UUID", "to_span_id": "UBIGINT",
        "created_ns": "BIGINT",
    },
    "mark_rows": {
        "id": "VARCHAR", "kind": "VARCHAR", "trace_id": "UUID", "value": "JSON", "deleted": "BOOLEAN",
        "created_ns": "BIGINT", "process_id": "UBIGINT", "seq": "UBIGINT",
    },
    "process_rows": {
        "process_id": "UBIGINT", "pid": "BIGINT", "argv": "VARCHAR[]", "cwd": "VARCHAR", "python": "VARCHAR",
        "executable": "VARCHAR", "main_file": "VARCHAR", "main_module": "VARCHAR", "path": "VARCHAR[]",
        "host": "VARCHAR", "treadle": "VARCHAR", "service": "VARCHAR", "git_commit": "VARCHAR",
        "git_dirty": "BOOLEAN", "replay": "BOOLEAN", "started_ns": "BIGINT",
        "signature": "VARCHAR",
    },
    "functions": {
        "process_id": "UBIGINT", "number": "BIGINT", "module": "VARCHAR", "qualname": "VARCHAR", "file": "VARCHAR",
        "line": "INTEGER", "hash": "VARCHAR", "flavour": "VARCHAR", "params": "JSON",
    },
    "journals": {"name": "VARCHAR", "read_bytes": "BIGINT", "finished": "BOOLEAN"},
    "rejected": {"journal": "VARCHAR", "offset_bytes": "BIGINT", "length_bytes": "BIGINT", "why": "VARCHAR"},
}  # fmt: skip
_SOURCE_COLUMNS = {
    "process_id": "UBIGINT", "seq": "UBIGINT", "file": "VARCHAR", "number": "BIGINT", "text": "VARCHAR",
    "signature": "VARCHAR",
}  # fmt: skip
_SOURCE_TIME_COLUMN = {"at_ns": "BIGINT"}
_NOTEBOOK_COLUMN = {"main_notebook": "VARCHAR"}
_REDACTED_COLUMN = {"redacted": "BOOLEAN"}
_CLOSURE_COLUMNS = {
    "trace_id": "UUID", "span_id": "UBIGINT", "process_id": "UBIGINT", "seq": "UBIGINT", "cells": "VARCHAR",
}  # fmt: skip
_PRUNED_COLUMNS = {"trace_id": "UUID", "pruned_ns": "BIGINT"}
TABLES: dict[str, dict[str, str]] = {
    **_FIRST_TABLES,
    "process_rows": {**_FIRST_TABLES["process_rows"], **_NOTEBOOK_COLUMN},
    "source_rows": {**_SOURCE_COLUMNS, **_SOURCE_TIME_COLUMN, **_REDACTED_COLUMN},
    "closure_rows": _CLOSURE_COLUMNS,
    "pruned": _PRUNED_COLUMNS,
}
"""What the newest version has; the tables of the first stay as they were."""


def _ddl(table: str, column_types: dict[str, str]) -> str:
    columns = ", ".join(
        f'"{name}" {sql_type}' + (" using compression zstd" if name in _COMPRESSED else "")
        for name, sql_type in column_types.items()
    )
    return f"create table {table} ({columns})"


_FIRST_VERSION: tuple[str, ...] = (
    *(_ddl(table, columns) for table, columns in _FIRST_TABLES.items()),
    "create index finished_by_trace on finished (trace_id)",
    "create index events_by_trace on event_rows (trace_id)",
    "create unique index journal_names on journals (name)",
    *VIEWS,
    *MESSAGE_VIEWS,
)
_KEEPS_SOURCES: tuple[str, ...] = (
    _ddl("source_rows", _SOURCE_COLUMNS),
    *(f"alter table process_rows add column {name} {kind}" for name, kind in _NOTEBOOK_COLUMN.items()),
    SOURCES_VIEW,
)
_KNOWS_SOURCES_BY_TIME: tuple[str, ...] = tuple(
    f"alter table source_rows add column {name} {kind}" for name, kind in _SOURCE_TIME_COLUMN.items()
)
_KEEPS_CLOSURES: tuple[str, ...] = (
    _ddl("closure_rows", _CLOSURE_COLUMNS),
    "create index closures_by_trace on closure_rows (trace_id)",
    *(f"alter table source_rows add column {name} {kind}" for name, kind in _REDACTED_COLUMN.items()),
)
_KNOWS_WHAT_WAS_PRUNED: tuple[str, ...] = (_ddl("pruned", _PRUNED_COLUMNS),)
_COUNTS_SESSIONS_BY_TRACE: tuple[str, ...] = (SESSIONS_BY_TRACE,)
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST_VERSION, _KEEPS_SOURCES, _KNOWS_SOURCES_BY_TIME, _KEEPS_CLOSURES, _KNOWS_WHAT_WAS_PRUNED,
    _COUNTS_SESSIONS_BY_TRACE,
)  # fmt: skip
"""Appended to, never edited: a file of version n has had the first n."""
VERSION = len(MIGRATIONS)

_SETTINGS = {
    "memory_limit": ("TREADLE_MEMORY_LIMIT", "1GB"),
    "max_temp_directory_size": ("TREADLE_SPILL_LIMIT", "4GB"),
    "threads": ("TREADLE_THREADS", "2"),
}
"""What the environment can change, and what holds where it does not."""


def open_database(store: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the store's database, make or migrate it, and close every way out of it.

    Raises:
        StoreVersionError: a newer Treadle wrote it; it is left as it is.
        StoreHeldError: another program has it open.
        StoreError: it cannot be opened, or is not a database.

    """
    connection = _connect(store / DATABASE, read_only=read_only)
    try:
        _migrate(connection, store / DATABASE, read_only=read_only)
        _lock_down(connection, store)
    except BaseException:
        connection.close()
        raise
    return connection


def new_database(path: Path) -> duckdb.DuckDBPyConnection:
    """Make a database of this version with nothing in it, and with nothing locked: to be filled from files of ours."""
    connection = _connect(path, read_only=False)
    _migrate(connection, path, read_only=False)
    _set_limits(connection, path.parent)
    return connection


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {}
    if not read_only:
        config["storage_compatibility_version"] = "v1.5.0"
    try:
        return duckdb.connect(str(path), read_only=read_only, config=config)
    except duckdb.Error as error:
        message = _first_line(str(error))
        if "lock on file" in message:
            raise StoreHeldError(f"another program has {path} open: {message}; close it and try again") from error
        if "newer version" in message:
            raise StoreVersionError(
                f"{path} was written by a newer DuckDB than this one ({duckdb.__version__}): upgrade duckdb"
            ) from error
        raise cannot_open(store_file=path, error=error) from error


def cannot_open(*, store_file: Path, error: duckdb.Error | OSError) -> StoreError:
    """Return the error of a file that cannot be opened, with the way out where it is damaged."""
    message = _first_line(str(error)).rstrip(".")
    return StoreError(
        f"cannot open {store_file}: {message}. If it is damaged, move it away with its .wal: "
        "the next command makes it again from the journals"
    )


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    held = _version_of(connection)
    if held > VERSION:
        raise StoreVersionError(
            f"{path} has schema version {held} and this Treadle knows up to {VERSION}: "
            "upgrade treadle to open it (nothing was changed)"
        )
    if held == VERSION:
        return
    if read_only:
        raise StoreError(f"{path} has schema version {held}: open it once without --read-only")
    connection.begin()
    if held == 0:
        connection.execute("create table meta (key VARCHAR, value VARCHAR)")
        connection.execute("insert into meta values ('schema_version', '0')")
    for statement in (statement for migration in MIGRATIONS[held:] for statement in migration):
        connection.execute(statement)
    connection.execute("update meta set value = ? where key = 'schema_version'", [str(VERSION)])
    connection.commit()


def _version_of(connection: duckdb.DuckDBPyConnection) -> int:
    found = connection.execute("select count(*) from duckdb_tables() where table_name = 'meta'").fetchone()
    if not found or not found[0]:
        return 0
    row = connection.execute("select value from meta where key = 'schema_version'").fetchone()
    return int(row[0]) if row else 0


def _set_limits(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    connection.execute(f"set temp_directory = {quoted(store / INGEST_FOLDER / 'spill')}")
    for setting, (variable, default) in _SETTINGS.items():
        value = os.environ.get(variable, default)
        try:
            connection.execute(f"set {setting} = {quoted(value)}")
        except duckdb.Error as error:
            raise StoreError(f"{variable} is {value!r}: {_first_line(str(error))}") from error


def _lock_down(connection: duckdb.DuckDBPyConnection, store: Path) -> None:
    """Leave the ingest folder as the only files that a statement can reach."""
    ingest_folder = store / INGEST_FOLDER
    _set_limits(connection, store)
    for statement in (
        "set checkpoint_threshold = '64MB'",
        "set TimeZone = 'UTC'",
        "set preserve_insertion_order = true",
        "set enable_progress_bar = false",
        "set python_enable_replacements = false",
        "set autoinstall_known_extensions = false",
        "set autoload_known_extensions = false",
        f"set allowed_directories = [{quoted(ingest_folder)}]",
        "set enable_external_access = false",
        "set lock_configuration = true",
    ):
        connection.execute(statement)


def quoted(text: object) -> str:
    """Return a text as SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def _first_line(message: str) -> str:
    return message.strip().splitlines()[0]
