"""A user's expression over the columns of `spans` or `traces`: a breakpoint's condition, a watch, a filter.

A bare word is a glob on the name; anything else is SQL. The text is parsed alone and must be one expression over one
row: then it stands in parentheses of ours, in a column of a subquery, and reaches nothing beyond the rows it is given.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
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
_REQUIRED = ((("from_table", "type"), "EMPTY"), (("aggregate_handling",), "STANDARD_HANDLING"))
_EMPTY_PARTS = ("modifiers", "where_clause", "group_expressions", "group_sets", "having", "sample", "qualify")


def condition_sql(condition: str) -> str:
    """Return a condition as SQL to stand in a select list.

    Raises:
        QueryError: it is not one expression over one row.

    """
    word = condition.strip()
    if _BARE_WORD.fullmatch(word):
        return f"(name glob {_literal(word)})"
    return expression_sql(condition)


def expression_sql(expression: str) -> str:
    """Return an expression in parentheses, to stand in a select list.

    Raises:
        QueryError: it is not one expression over one row.

    """
    objection = _objection(expression)
    if objection:
        raise QueryError(objection)
    return f"({expression}\n)"  # the line break ends a comment at its end


@lru_cache(maxsize=4096)
def _objection(expression: str) -> str | None:
    """Return what speaks against an expression, None where it can be used."""
    if not expression.strip():
        return "an empty expression: write a condition such as status = 'error'"
    parsed = _parsed(expression)
    if parsed.get("error"):
        return f"cannot read {expression!r}: {' '.join(str(parsed.get('error_message')).split())}"
    statements = parsed["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    if not _is_one_expression(node):
        return f"{expression!r} is more than one expression: write a condition such as status = 'error'"
    for part in _walk(node["select_list"][0]):
        reason = _REFUSED_CLASSES.get(str(part.get("class")))
        if reason is None and part.get("class") == "FUNCTION" and part.get("function_name") in _aggregates():
            reason = f"the aggregate {part['function_name']}"
        if reason:
            return f"{expression!r} holds {reason}, and an expression is about one step at a time"
    return None


def _is_one_expression(node: Any) -> bool:
    return bool(
        node.get("type") == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and not node["select_list"][0].get("alias")
        and not any(node.get(part) for part in _EMPTY_PARTS)
        and not node.get("cte_map", {}).get("map")
        and all(_value_at(node, path) == expected for path, expected in _REQUIRED)
    )


def _value_at(node: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        node = node[key]
    return node


def _parsed(expression: str) -> Any:
    query = {"query": f"select {expression}\n"}
    try:
        row = _parser().cursor().execute("select json_serialize_sql($query)", query).fetchone()
    except duckdb.Error as error:
        return {"error": True, "error_message": explained(error)}
    return json.loads(row[0]) if row else {"error": True, "error_message": "it cannot be parsed"}


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Return a database without data, to parse with: a text that does not parse ends a transaction of the store's."""
    return duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "1"})


@cache
def _aggregates() -> frozenset[str]:
    return frozenset(str(name) for (name,) in _parser().cursor().execute(_AGGREGATES).fetchall())


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
