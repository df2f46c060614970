"""Watches: SQL expressions at one step, all in one query by the row's number.

Where that query fails, one with TRY around each expression says which have values, and the others are asked alone, to
say what is wrong with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb

from treadle.errors import QueryError
from treadle_storage.columns import Columns
from treadle_storage.expressions import expression_sql
from treadle_storage.failures import explained
from treadle_storage.step_questions import begin_anew, locate
from treadle_storage.views import SPANS_FROM

if TYPE_CHECKING:
    from collections.abc import Sequence

Value: TypeAlias = tuple[str | None, str | None, str | None]
"""The value as text, its type, and why there is none."""
_AT_STEP = (
    "select {shown} from (select {computed} from ("  # noqa: S608 - of parsed expressions
    + SPANS_FROM.format(source="(select * from {place} where rowid = {row})")
    + "))"
)


def watch(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `watch`: the values of expressions at one step."""
    expressions: list[str] = list(args["expressions"])
    place, row = locate(cursor, args)
    at_step = _AT_STEP.replace("{place}", place).replace("{row}", str(row))
    parsed: dict[str, str] = {}
    values: dict[str, Value] = {}
    for expression in expressions:
        try:
            parsed[expression] = expression_sql(expression)
        except QueryError as error:
            values[expression] = (None, None, str(error))
    values |= _computed(cursor, at_step, parsed)
    rows = [(expression, *values[expression]) for expression in expressions]
    return Columns.from_rows(("expression", "value", "type", "error"), ("VARCHAR",) * 4, rows)


def _computed(cursor: duckdb.DuckDBPyConnection, at_step: str, parsed: dict[str, str]) -> dict[str, Value]:
    if not parsed:
        return {}
    together = _together(cursor, at_step, parsed, list(parsed.values()))
    if together is not None:
        return together
    tried = _together(cursor, at_step, parsed, [f"try({sql})" for sql in parsed.values()]) or {}
    return {
        expression: tried[expression] if tried.get(expression, (None,))[0] is not None else _alone(cursor, at_step, sql)
        for expression, sql in parsed.items()
    }


def _together(
    cursor: duckdb.DuckDBPyConnection, at_step: str, parsed: dict[str, str], computed: Sequence[str]
) -> dict[str, Value] | None:
    try:
        cells = _row(cursor, at_step, computed)
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.Error:
        begin_anew(cursor)
        return None
    return {expression: (cells[2 * number], cells[2 * number + 1], None) for number, expression in enumerate(parsed)}


def _alone(cursor: duckdb.DuckDBPyConnection, at_step: str, sql: str) -> Value:
    try:
        value, type_name = _row(cursor, at_step, [sql])
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        begin_anew(cursor)
        return None, None, explained(error)
    return value, type_name, None


def _row(cursor: duckdb.DuckDBPyConnection, at_step: str, computed: Sequence[str]) -> tuple[Any, ...]:
    shown = ", ".join(f'"{n}"::varchar, typeof("{n}")' for n in range(len(computed)))
    # What a user wrote goes in last: nothing in it is taken for a place to be filled in.
    columns = ", ".join(f'{sql} as "{n}"' for n, sql in enumerate(computed))
    statement = at_step.replace("{shown}", shown).replace("{computed}", columns)
    return cursor.execute(statement).fetchone() or (None,) * (2 * len(computed))
