"""Questions about the steps of one trace: the tree, conditions and columns over all steps, one step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from treadle.errors import NotFoundError, QueryError
from treadle.model import KINDS, STATUSES
from treadle_storage import queries
from treadle_storage.columns import Column, Columns
from treadle_storage.expressions import condition_sql, expression_sql
from treadle_storage.failures import explained
from treadle_storage.tree import SOURCES, ClockOrder, clock_order
from treadle_storage.views import SPANS_FROM

if TYPE_CHECKING:
    from treadle_storage.tree import Array

_TAKEN = (
    "span_id", "duration_ns", "kind", "status", "input_tokens", "output_tokens", "source", "replayable",
)  # fmt: skip
_OVER_STEPS = (
    "select {column} as answer from ("  # noqa: S608 - a parsed expression is all that comes from outside
    + SPANS_FROM.replace("\nselect\n", '\nselect started_ns as "#1", process_id as "#2", seq as "#3",\n', 1).format(
        source="recorded where trace_id = $trace"
    )
    + ') order by "#1", "#2", "#3"'
)


def tree(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `tree`: what the debugger steps through, in the order of the tree."""
    trace_id = args["trace_id"]
    names, models = cursor.execute(queries.NAMES_OF_STEPS, {"trace": trace_id}).fetchone() or (None, None)
    if not names:
        raise NotFoundError(f"no trace {trace_id}: `treadle traces` lists what there is")
    known = {"kinds": list(KINDS), "plain": KINDS.index("span"), "statuses": list(STATUSES), "sources": list(SOURCES)}
    arguments = {"trace": trace_id, "names": names, "models": models or [""], **known}
    found = Columns.from_result(cursor.execute(queries.STEPS, arguments))
    order = _order_of(found)
    taken = {column.name: column.values[order.rows] for column in found.columns}
    dictionaries = {"name": tuple(names), "model": tuple(models or ())}
    coded = tuple(
        Column(name, "VARCHAR", taken[name], dictionary=dictionary) for name, dictionary in dictionaries.items()
    )
    numbers: dict[str, Array] = {
        "parent": order.parent,
        "depth": order.depth,
        "start_ns": taken["start_ns"] + order.shifted_ns,
        "thread": _threads(found)[order.rows],
        "shifted_ns": order.shifted_ns,
        **{name: taken[name] for name in _TAKEN},
    }
    return Columns((*coded, *Columns.from_arrays(numbers).columns))


def hits(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `hits`: at which steps a condition holds. A step where it cannot be computed is no hit."""
    condition = args["condition"]
    answer = _over_steps(cursor, args, f"({condition_sql(condition)})::boolean", what=condition)
    found = np.where(answer.nulls, False, answer.values) if answer.nulls is not None else answer.values  # noqa: FBT003
    above_row = args.get("above_row")
    found = found[_order(cursor, args).rows]
    if above_row is not None:
        found = found & (np.arange(len(found)) > above_row)
    return Columns.from_arrays({"hit": found})


def column(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `column`: a watch over all steps, as text."""
    expression = args["expression"]
    answer = _over_steps(cursor, args, f"{expression_sql(expression)}::varchar", what=expression)
    return Columns(
        (Column("value", "VARCHAR", answer.values[_order(cursor, args).rows], dictionary=answer.dictionary),)
    )


def search(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `search`: which steps hold a text in their name, input, output or error, case folded."""
    text = str(args["text"])
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    arguments = {"trace": args["trace_id"], "text": text, "quoted": quoted}
    found = Columns.from_result(cursor.execute(queries.SEARCH, arguments))["hit"].values
    return Columns.from_arrays({"hit": found[_order(cursor, args).rows]})


def step(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `step`: everything about one span."""
    place, row = locate(cursor, args)
    return Columns.from_result(cursor.execute(queries.STEP.format(place=place, row=row)))


def source(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `source`: the code that a span ran, where it stands in no file; no row where it was not kept."""
    place, row = locate(cursor, args)
    return Columns.from_result(cursor.execute(queries.SOURCE.format(place=place, row=row)))


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


def begin_anew(cursor: duckdb.DuckDBPyConnection) -> None:
    """Leave a transaction that an error has ended."""
    cursor.execute("rollback")
    cursor.execute("begin transaction read only")


def _over_steps(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any], computed: str, *, what: str) -> Column:
    """Compute one column over the steps by (started_at, process, seq); null where a row cannot be computed."""
    try:
        try:
            result = cursor.execute(_OVER_STEPS.replace("{column}", f"try({computed})"), {"trace": args["trace_id"]})
        except duckdb.BinderException as error:
            if "volatile" not in str(error):
                raise
            begin_anew(cursor)
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
    """Return the threads of all processes, numbered by appearance."""
    pairs = found["process_id"].numbers(null=0).astype("<u8") * np.uint64(0x9E3779B97F4A7C15) ^ found[
        "thread_id"
    ].values.astype("<u8")
    _, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return rank[inverse]
