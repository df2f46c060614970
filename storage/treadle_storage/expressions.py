"""A user's expression over the columns of `spans` or `traces`: a breakpoint's condition, a watch, a filter.

A bare word is a glob on the name; anything else is SQL. The text is parsed alone and must be one expression over one
row: then it stands in parentheses of ours, in a column of a subquery, and reaches nothing beyond the rows it is given.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from treadle.errors import QueryError
from treadle_storage.parsing import parsed, parser, parts_of

_LONGEST_NAMED = 200
_LONGEST = 20_000
_ROW_MAKERS = frozenset({"unnest", "unlist"})
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
    if len(expression) > _LONGEST:
        return f"an expression of {len(expression):,} characters: {_LONGEST:,} are the most"
    try:
        statements = parsed(f"select {expression}\n")
    except QueryError as error:
        return f"cannot read {_shortened(expression)}: {error}"
    node = statements[0]["node"] if len(statements) == 1 else {}
    if not _is_one_expression(node):
        return f"{_shortened(expression)} is more than one expression: write a condition such as status = 'error'"
    for part in parts_of(node["select_list"][0]):
        reason = _REFUSED_CLASSES.get(str(part.get("class")))
        if part.get("class") == "FUNCTION" and part.get("function_name") in _ROW_MAKERS:
            reason = "a function that makes rows"
        if reason is None and part.get("class") == "FUNCTION" and part.get("function_name") in _aggregates():
            reason = f"the aggregate {part['function_name']}"
        if reason:
            return f"{_shortened(expression)} holds {reason}, and an expression is about one step at a time"
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


@cache
def _aggregates() -> frozenset[str]:
    return frozenset(str(name) for (name,) in parser().execute(_AGGREGATES).fetchall())


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _shortened(expression: str) -> str:
    """Return an expression as it is named in a line, its middle left out where it is long."""
    return repr(expression if len(expression) <= _LONGEST_NAMED else f"{expression[:60]} ... {expression[-20:]}")
