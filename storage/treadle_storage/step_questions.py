"""Questions about the steps of one trace: the tree, conditions over all steps, watches at one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from treadle.errors import NotFoundError, QueryError
from treadle_storage import queries
from treadle_storage.columns import Column, Columns
from treadle_storage.expressions import condition_sql, expression_sql
from treadle_storage.failures import explained
from treadle_storage.tree import ClockOrder, clock_order, codes_among, kinds_of, SOURCES, statuses_of
from treadle_storage.views import SPANS_FROM

if TYPE_CHECKING:
    from treadle_storage.tree import Array

_OVER_STEPS = (
    "select {column} as answer from ("
    + SPANS_FROM.replace("\nselect\n", '\nselect started_ns as "#1", process_id as "#2", seq as "#3",\n', 1).format(
        source="recorded where trace_id = $trace"
    )
    + ') order by "#1", "#2", "#3"'
)
_AT_STEP = "select {columns} from (" + SPANS_FROM.format(source="{place} where rowid = {row}") + ")"


def tree(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `tree`: what the debugger steps through, in the order of the tree."""
    found = Columns.from_result(cursor.execute(queries.STEPS, {"trace": args["trace_id"]}))
    if not len(found):
        raise NotFoundError(f"no trace {args['trace_id']}: `treadle traces` lists what there is")
    order = _order_of(found)
    rows = order.rows

    def taken(name: str) -> Array:
        return found[name].values[rows]

    return Columns(
        (
            *Columns.from_arrays({
                "span_id": taken("span_id"),
                "parent": order.parent,
                "depth": order.depth,
                "start_ns": taken("start_ns") + order.shifted_ns,
                "duration_ns": taken("duration_ns"),
                "kind": kinds_of(found["kind"])[rows],
                "status": statuses_of(found["status"])[rows],
            }).columns,
            Column("name", "VARCHAR", taken("name"), dictionary=found["name"].dictionary),
            Column("model", "VARCHAR", taken("model"), dictionary=found["model"].dictionary),
            *Columns.from_arrays({
                "input_tokens": taken("input_tokens"),
                "output_tokens": taken("output_tokens"),
                "thread": _threads(found)[rows],
                "source": codes_among(found["source"], SOURCES, unknown=0)[rows],
                "replayable": taken("replayable"),
                "shifted_ns": order.shifted_ns,
            }).columns,
        )
    )  # fmt: skip


def hits(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `hits`: at which steps a condition holds. A step where it cannot be computed is no hit."""
    condition = args["condition"]
    answer = _over_steps(cursor, args, f"({condition_sql(cursor, condition)})::boolean", what=condition)
    found = np.where(answer.nulls, False, answer.values) if answer.nulls is not None else answer.values  # noqa: FBT003
    above_row = args.get("above_row")
    found = found[_order(cursor, args).rows]
    if above_row is not None:
        found = found & (np.arange(len(found)) > above_row)
    return Columns.from_arrays({"hit": found})


def column(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `column`: a watch over all steps, as text."""
    expression = args["expression"]
    answer = _over_steps(cursor, args, f"{expression_sql(cursor, expression)}::varchar", what=expression)
    return Columns((Column("value", "VARCHAR", answer.values[_order(cursor, args).rows], dictionary=answer.dictionary),))


def search(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `search`: which steps hold a text in their name, input, output or error, case folded."""
    arguments = {"trace": args["trace_id"], "text": args["text"]}
    found = Columns.from_result(cursor.execute(queries.SEARCH, arguments))["hit"].values
    return Columns.from_arrays({"hit": found[_order(cursor, args).rows]})


def step(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `step`: everything about one span."""
    place, row = locate(cursor, args)
    return Columns.from_result(cursor.execute(queries.STEP.format(place=place, row=row)))


def watch(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `watch`: the values of expressions at one step, all in one query unless one of them fails."""
    expressions: list[str] = list(args["expressions"])
    place, row = locate(cursor, args)
    at_step = _AT_STEP.replace("{place}", place).replace("{row}", str(row))
    rows = _watched_together(cursor, at_step, expressions)
    if rows is None:
        rows = [_watched_alone(cursor, at_step, expression) for expression in expressions]
    return Columns.from_rows(("expression", "value", "type", "error"), ("VARCHAR",) * 4, rows)


def locate(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> tuple[str, int]:
    """Return the table and the row of a span.

    Raises:
        NotFoundError: the trace has no such span.

    """
    arguments = {"trace": args["trace_id"], "span": int(args["span_id"], 16)}
    found = cursor.execute(queries.ROW_OF_SPAN, arguments).fetchone()
    if found is None:
        raise NotFoundError(f"no span {args['span_id']} in trace {args['trace_id']}")
    return str(found[0]), int(found[1])


def _over_steps(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any], computed: str, *, what: str) -> Column:
    """Compute one column over the steps by (started_at, process, seq); null where a row cannot be computed."""
    try:
        try:
            result = cursor.execute(_OVER_STEPS.replace("{column}", f"try({computed})"), {"trace": args["trace_id"]})
        except duckdb.BinderException as error:
            if "volatile" not in str(error):
                raise
            result = cursor.execute(_OVER_STEPS.replace("{column}", computed), {"trace": args["trace_id"]})
        return Columns.from_result(result)["answer"]
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        raise QueryError(f"cannot compute {what!r}: {explained(error)}") from error


def _order(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> ClockOrder:
    return _order_of(Columns.from_result(cursor.execute(queries.STEP_ORDER, {"trace": args["trace_id"]})))


def _order_of(found: Columns) -> ClockOrder:
    return clock_order(
        found["span_id"].values,
        found["parent_id"].values,
        found["has_parent"].values,
        found["start_ns"].values,
        found["process_id"].numbers(null=0),
    )


def _threads(found: Columns) -> Array:
    """Number the threads of all processes by appearance."""
    pairs = found["process_id"].numbers(null=0).astype("<u8") * np.uint64(0x9E3779B97F4A7C15) ^ found[
        "thread_id"
    ].values.astype("<u8")
    _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]


def _watched_together(
    cursor: duckdb.DuckDBPyConnection, at_step: str, expressions: list[str]
) -> list[tuple[str, str | None, str | None, str | None]] | None:
    try:
        parsed = [expression_sql(cursor, expression) for expression in expressions]
        cells = ", ".join(f"try({sql}::varchar), typeof(try({sql}))" for sql in parsed)
        found = cursor.execute(at_step.replace("{columns}", cells)).fetchone() if cells else ()
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, QueryError):
        return None
    values = found or ()
    return [
        (expression, values[2 * number], values[2 * number + 1], None) for number, expression in enumerate(expressions)
    ]


def _watched_alone(
    cursor: duckdb.DuckDBPyConnection, at_step: str, expression: str
) -> tuple[str, str | None, str | None, str | None]:
    try:
        sql = expression_sql(cursor, expression)
        found = cursor.execute(at_step.replace("{columns}", f"{sql}::varchar, typeof({sql})")).fetchone()
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        return expression, None, None, explained(error)
    except QueryError as error:
        return expression, None, None, str(error)
    value, type_name = found or (None, None)
    return expression, value, type_name, None


