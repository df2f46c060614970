"""A user's expression over the columns of `spans` or `traces`: a breakpoint's condition, a watch, a filter.

A bare word is a glob on the name; anything else is SQL. The text is parsed alone and must be one expression over one row: then it
stands in parentheses of ours, in a column of a subquery, and can reach nothing beyond the rows it is given.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import duckdb

from treadle.errors import QueryError
from treadle_storage.failures import explained

if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE_WORD = re.compile(r"[\w.:*?/\[\]-]+")
_REFUSED_CLASSES = {
    "SUBQUERY": "a subquery",
    "WINDOW": "a window function",
    "PARAMETER": "a parameter",
    "STAR": "a star",
    "DEFAULT": "a default",
}
_AGGREGATES = "select distinct function_name from duckdb_functions() where function_type = 'aggregate'"
_ALLOWED_NODE = {"from_table": "EMPTY", "aggregate_handling": "STANDARD_HANDLING"}
_EMPTY_PARTS = ("modifiers", "where_clause", "group_expressions", "group_sets", "having", "sample", "qualify")


def condition_sql(cursor: duckdb.DuckDBPyConnection, condition: str) -> str:
    """Return a condition as SQL to stand in a select list.

    Raises:
        QueryError: it is not one expression over one row.

    """
    word = condition.strip()
    if _BARE_WORD.fullmatch(word):
        return f"(name glob {_literal(word)})"
    return expression_sql(cursor, condition)


def expression_sql(cursor: duckdb.DuckDBPyConnection, expression: str) -> str:
    """Return an expression in parentheses, to stand in a select list.

    Raises:
        QueryError: it is not one expression over one row.

    """
    _check(cursor, expression)
    return f"({expression}\n)"  # the line break ends a comment at its end


def _check(cursor: duckdb.DuckDBPyConnection, expression: str) -> None:
    if not expression.strip():
        raise QueryError("an empty expression: write a condition such as status = 'error'")
    parsed = _parsed(cursor, expression)
    if parsed.get("error"):
        raise QueryError(f"cannot read {expression!r}: {' '.join(str(parsed.get('error_message')).split())}")
    statements = parsed["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    if (
        node.get("type") != "SELECT_NODE"
        or len(node["select_list"]) != 1
        or node["select_list"][0].get("alias")
        or any(node.get(part) for part in _EMPTY_PARTS)
        or node.get("cte_map", {}).get("map")
        or node["from_table"]["type"] != _ALLOWED_NODE["from_table"]
        or node["aggregate_handling"] != _ALLOWED_NODE["aggregate_handling"]
    ):
        raise QueryError(f"{expression!r} is more than one expression: write a condition such as status = 'error'")
    aggregates = _aggregates(cursor)
    for part in _walk(node["select_list"][0]):
        reason = _REFUSED_CLASSES.get(str(part.get("class")))
        if reason is None and part.get("class") == "FUNCTION" and part.get("function_name") in aggregates:
            reason = f"the aggregate {part['function_name']}"
        if reason:
            raise QueryError(f"{expression!r} holds {reason}, and an expression is about one step at a time")


def _parsed(cursor: duckdb.DuckDBPyConnection, expression: str) -> Any:
    try:
        row = cursor.execute("select json_serialize_sql($query)", {"query": f"select {expression}\n"}).fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise QueryError(f"cannot read {expression!r}: {explained(error)}") from error
    return json.loads(row[0]) if row else {}


def _aggregates(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    if not _aggregate_names:
        _aggregate_names.update(str(name) for (name,) in cursor.execute(_AGGREGATES).fetchall())
    return frozenset(_aggregate_names)


_aggregate_names: set[str] = set()
"""DuckDB's own list of them, asked for once."""


def _walk(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from _walk(value)
    elif isinstance(part, list):
        for item in part:
            yield from _walk(item)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
