"""Questions about steps in the order in which they ended and were indexed."""

from __future__ import annotations

from typing import Any

import duckdb

from treadle.errors import QueryError
from treadle_storage.columns import Columns
from treadle_storage.expressions import condition_sql
from treadle_storage.failures import explained
from treadle_storage.views import SPANS_FROM

_LAST = "select coalesce(max(rowid), -1)::bigint as last from finished"
_ENDED = SPANS_FROM.format(source="(select rowid, * from finished where rowid between $first and $last) order by rowid")
_FITTING = """
select trace_id, span_id, name, kind, status, source, epoch_ns(ended_at) as ended_at_ns, duration_ms, model,
  input_tokens, output_tokens, cost_usd, error_type, error_message
from (select *, ({condition})::boolean as fits from ({ended})) where fits
"""


def last(cursor: duckdb.DuckDBPyConnection, _: dict[str, Any]) -> Columns:
    """Answer `last_arrival`: the row of the step that was indexed last."""
    return Columns.from_result(cursor.execute(_LAST))


def between(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `arrivals`: the steps in the rows from `first` to `last` that fit `where`.

    Raises:
        QueryError: the condition cannot be read, or cannot be computed.

    """
    where: str | None = args.get("where")
    statement = _FITTING.format(condition=condition_sql(where) if where else "true", ended=_ENDED)
    try:
        return Columns.from_result(cursor.execute(statement, {"first": args["first"], "last": args["last"]}))
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise QueryError(f"cannot compute {where!r}: {explained(error)}") from error
