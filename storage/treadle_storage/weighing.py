"""What each trace weighs, and whether it stays in any case: what retention chooses by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.columns import Columns
from treadle_storage.expressions import condition_sql

if TYPE_CHECKING:
    import duckdb

_WEIGHED = """
select trace_id, min(started_ns) as started_ns, count(*) as spans, bool_or(status = 'running') as is_running,
  sum(300 + strlen(coalesce(input::varchar, '')) + strlen(coalesce(output::varchar, ''))
    + strlen(coalesce(input_tagged, '')) + strlen(coalesce(output_tagged, '')))::bigint as weight_bytes
from recorded group by trace_id
"""
"""Beside its payloads a step takes about 300 bytes."""
_BOOKMARKED = """
select trace_id from (
  select * from mark_rows
  qualify row_number() over (partition by id order by created_ns desc, process_id desc, seq desc) = 1
) where kind = 'bookmark' and not deleted and trace_id is not null
"""
_CANDIDATES = """
select replace(trace_id::varchar, '-', '') as trace_id, started_ns, spans, weight_bytes,
  is_running or trace_id in ({bookmarked}) or trace_id in ({kept}) as is_kept
from ({weighed}) order by started_ns, trace_id
"""
_FITTING = "select trace_key from (select trace_key, ({condition})::boolean as hit from trace_rows) where hit"


def candidates(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `prunable`: every trace, the oldest first, with its weight and whether it stays in any case."""
    keep: str | None = args.get("keep")
    kept = _FITTING.format(condition=condition_sql(keep) if keep else "false")
    return Columns.from_result(cursor.execute(_CANDIDATES.format(bookmarked=_BOOKMARKED, kept=kept, weighed=_WEIGHED)))
