"""A user's own query: refused unless it is one SELECT on the store, run read-only, streamed in batches of columns.

Three of the walls stand here: the statement's type, what it reads from, and the read-only transaction. The index raises
the other two when it opens the database: no access to files outside, and a locked configuration.

What it reads from matters because DuckDB always lets a statement open the database's own file, and closing that again
drops the POSIX lock by which no second writer gets in. So only functions that are known to open nothing may stand
behind `from`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb

from treadle.errors import QueryError
from treadle_storage.columns import BYTES, NUMBERS, TIMESTAMPS, Columns
from treadle_storage.parsing import parsed, parts_of

if TYPE_CHECKING:
    from collections.abc import Generator

BATCH_ROWS = 2048
"""Many enough that a frame's cost does not count."""
BATCH_BYTES = 4 << 20
"""About what a batch may hold: rows with large payloads come fewer at a time."""
_FIRST_ROWS = 64
_PASSED_AS_THEY_ARE = frozenset({*NUMBERS, BYTES, "VARCHAR"})
_NESTED = ("STRUCT", "MAP", "UNION", "VARIANT")
_TABLE_FUNCTIONS = frozenset({
    "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary",
    "duckdb_columns", "duckdb_constraints", "duckdb_functions", "duckdb_indexes", "duckdb_keywords", "duckdb_memory",
    "duckdb_schemas", "duckdb_settings", "duckdb_tables", "duckdb_temporary_files", "duckdb_types", "duckdb_views",
    "pragma_storage_info", "pragma_table_info", "pragma_version",
    "icu_calendar_names", "pg_timezone_names",
})  # fmt: skip
_LOOKS_LIKE_A_FILE = re.compile(r"[./\\:*?\[]")
_NAMED = ("table_name", "schema_name", "catalog_name")


def stream(
    cursor: duckdb.DuckDBPyConnection, query: str, params: list[Any] | dict[str, Any] | None = None
) -> Generator[tuple[Columns, bool], None, None]:
    """Run the query in a read-only transaction and yield its rows in batches, each with whether more may come.

    Errors of DuckDB pass; a query that may not be run is a QueryError.
    """
    query = _checked(cursor, query)
    cursor.execute("begin transaction read only")
    try:
        # The line breaks here and below end a comment that the query may end with.
        described = cursor.execute(f"describe (\n{query}\n)", params).fetchall()
        names, types = [row[0] for row in described], [row[1].strip('"') for row in described]
        cursor.execute(_carried(query, types), params)
        wanted, more = _FIRST_ROWS, True
        while more:
            rows = cursor.fetchmany(wanted)
            more = len(rows) == wanted
            batch = Columns.from_rows(names, types, rows)
            del rows
            yield batch, more
            wanted = _rows_of_next(batch)
    finally:
        cursor.execute("rollback")


def _checked(cursor: duckdb.DuckDBPyConnection, query: str) -> str:
    """Return the one SELECT that a text holds, without semicolons around it."""
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise QueryError("the query holds half a character (a lone surrogate), which no SQL can") from error
    _refuse_all_but_one_select(cursor, query)
    # What is run is what is looked at: the text that was cut out must pass alone.
    statement = _without_ends(query)
    _refuse_all_but_one_select(cursor, statement)
    _refuse_files(statement)
    return statement


def _refuse_all_but_one_select(cursor: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = cursor.extract_statements(query)
    if not statements:
        raise QueryError("nothing to run: write a query such as select * from traces")
    if len(statements) != 1:
        raise QueryError(f"one query at a time: this text holds {len(statements)} statements")
    kind = statements[0].type.name
    if kind == "MULTI":
        raise QueryError("a PIVOT must say its columns, as in PIVOT t ON kind IN ('llm', 'tool') USING count(*)")
    if kind != "SELECT":
        raise QueryError(f"only SELECT may be run on the store, and this is {kind}: nothing was changed")


def _without_ends(query: str) -> str:
    """Cut off the semicolons before and after the statement, and what blanks and comments stand beyond them."""
    text = query.encode()
    start, has_begun = 0, False
    for offset, token in duckdb.tokenize(query):
        is_end = token == duckdb.token_type.operator and text[offset : offset + 1] == b";"
        if is_end and has_begun:
            return text[start:offset].decode()
        if is_end:
            start = offset + 1
        has_begun = has_begun or not (is_end or token == duckdb.token_type.comment)
    return text[start:].decode()


def _refuse_files(query: str) -> None:
    for part in parts_of(parsed(query)):
        kind = part.get("type")
        if kind == "TABLE_FUNCTION":
            _refuse_unknown_source(str(part["function"].get("function_name")).lower())
        if kind in {"BASE_TABLE", "SHOW_REF"}:
            for name in (str(part.get(key) or "") for key in _NAMED):
                if _LOOKS_LIKE_A_FILE.search(name):
                    raise QueryError(f"{name!r} is no view of the store, and files are not read here")


def _refuse_unknown_source(function: str) -> None:
    if function not in _TABLE_FUNCTIONS:
        raise QueryError(
            f"{function}() may not be read from here, only the store's views and functions that open no file, "
            "such as range() and json_each()"
        )


def _rows_of_next(batch: Columns) -> int:
    """Return how many rows the next batch may have, if they are as large as these."""
    texts_bytes = sum(sum(map(len, column.dictionary or ())) for column in batch.columns)
    fitting = BATCH_BYTES * len(batch) // max(texts_bytes, 1)
    return max(1, min(fitting, 8 * len(batch), BATCH_ROWS))


def _carried(query: str, types: list[str]) -> str:
    """Wrap the query so that types which Python cannot take exactly, or at all, come as numbers or text."""
    if all(type_name in _PASSED_AS_THEY_ARE for type_name in types):
        return query
    carriers = ", ".join(_carrier(number, type_name) for number, type_name in enumerate(types, start=1))
    return f"select {carriers} from (\n{query}\n)"  # noqa: S608 the query is the user's, and behind five walls


def _carrier(number: int, type_name: str) -> str:
    value = f"#{number}"
    if type_name in _PASSED_AS_THEY_ARE:
        return value
    if type_name in TIMESTAMPS:
        return _epoch(value, TIMESTAMPS[type_name])
    if type_name.startswith(_NESTED) or type_name.endswith("]"):
        return f"to_json({value})::varchar"
    return f"{value}::varchar"


def _epoch(value: str, unit: str) -> str:
    largest = 2**63 - 1
    epoch = f"epoch_us({value}) // 1000000" if unit == "s" else f"epoch_{unit}({value})"
    return f"case when isinf({value}) then if({value} > '2000-01-01', {largest}, -{largest}) else {epoch} end"
