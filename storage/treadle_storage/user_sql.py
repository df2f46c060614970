"""A user's own query: refused unless it is one SELECT, run read-only, streamed in batches of columns.

Two of the four walls stand here, the statement's type and the read-only transaction; the index raises the other two
when it opens the database: no access to files outside, and a locked configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from treadle.errors import QueryError
from treadle_storage.columns import BYTES, NUMBERS, TIMESTAMPS, Columns

if TYPE_CHECKING:
    from collections.abc import Generator

BATCH_ROWS = 2048
"""Few enough that a batch of whole spans stays small, many enough that a frame's cost does not count."""
_PASSED_AS_THEY_ARE = frozenset({*NUMBERS, BYTES, "VARCHAR"})
_NESTED = ("STRUCT", "MAP", "UNION", "VARIANT")
_EPOCHS = {"us": "epoch_us", "ns": "epoch_ns", "ms": "epoch_ms", "s": "epoch_us"}


def stream(cursor: duckdb.DuckDBPyConnection, query: str) -> Generator[Columns, None, None]:
    """Run the query in a read-only transaction and yield its rows; the last batch, maybe empty, is a short one.

    Errors of DuckDB pass; a query that may not be run is a QueryError.
    """
    _refuse_all_but_one_select(cursor, query)
    query = _without_end(query)
    cursor.execute("begin transaction read only")
    try:
        relation = cursor.sql(query)
        names, types = list(relation.columns), [str(type_).strip('"') for type_ in relation.types]
        cursor.execute(_carried(query, types))
        fetched = BATCH_ROWS
        while fetched == BATCH_ROWS:
            rows = cursor.fetchmany(BATCH_ROWS)
            fetched = len(rows)
            yield Columns.from_rows(names, types, rows)
    finally:
        cursor.execute("rollback")


def _refuse_all_but_one_select(cursor: duckdb.DuckDBPyConnection, query: str) -> None:
    statements = cursor.extract_statements(query)
    if not statements:
        raise QueryError("nothing to run: write a query such as select * from traces")
    if len(statements) != 1:
        raise QueryError(f"one query at a time: this text holds {len(statements)} statements")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name
        raise QueryError(f"only SELECT may be run on the store, and this is {kind}: nothing was changed")


def _without_end(query: str) -> str:
    """Cut the query off at its semicolon, of which only blanks and comments come after."""
    text = query.encode()
    for offset, token in duckdb.tokenize(query):
        if token == duckdb.token_type.operator and text[offset : offset + 1] == b";":
            return text[:offset].decode()
    return query


def _carried(query: str, types: list[str]) -> str:
    """Wrap the query so that types which Python cannot take exactly, or at all, come as numbers or text."""
    if all(type_name in _PASSED_AS_THEY_ARE for type_name in types):
        return query
    carriers = ", ".join(_carrier(number, type_name) for number, type_name in enumerate(types, start=1))
    # The line break ends a comment that the query may end with.
    return f"select {carriers} from (\n{query}\n)"  # noqa: S608 the query is the user's, and behind four walls


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
