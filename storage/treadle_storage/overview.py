"""What a store holds, in numbers: by day, by model, by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from treadle_storage.sizes import Sizes, sizes_of

if TYPE_CHECKING:
    from treadle_storage.store import Store

_DAYS = """
with days as (
  select date_trunc('day', started_at)::date as day, count(*) as traces, count(*) filter (where failed) as failed,
    sum(span_count)::bigint as steps, sum(input_tokens)::bigint as input_tokens,
    sum(output_tokens)::bigint as output_tokens, sum(cost_usd) as cost_usd
  from traces group by 1 order by 1 desc limit {most}
)
from days order by day
"""
_MODELS = """
select coalesce(model, '?') as model, count(*) as calls, count(*) filter (where status = 'error') as errors,
  sum(input_tokens)::bigint as input_tokens, sum(output_tokens)::bigint as output_tokens, sum(cost_usd) as cost_usd,
  quantile_cont(duration_ms, 0.5) as p50_ms, quantile_cont(duration_ms, 0.95) as p95_ms
from llm_calls where source = 'live' group by 1 order by calls desc, model limit {most}
"""
_STEPS = """
select name, kind, count(*) as calls, count(*) filter (where status = 'error') as errors,
  quantile_cont(duration_ms, 0.5) as p50_ms, quantile_cont(duration_ms, 0.95) as p95_ms,
  sum(duration_ms) as sum_ms
from spans where source = 'live' and status <> 'running' group by all order by sum_ms desc, name limit {most}
"""


@dataclass(frozen=True, slots=True)
class Overview:
    """A store in numbers. Each table has its columns' names, and its rows."""

    sizes: Sizes
    traces: int
    steps: int
    open_steps: int
    days: tuple[tuple[str, ...], list[tuple[Any, ...]]]
    models: tuple[tuple[str, ...], list[tuple[Any, ...]]]
    names: tuple[tuple[str, ...], list[tuple[Any, ...]]]

    @property
    def step_bytes(self) -> float | None:
        """What a step takes in the index; None where there is none."""
        return self.sizes.index_bytes / self.steps if self.steps else None


def overview(store: Store, *, most: int) -> Overview:
    """Return a store in numbers, with at most so many days, models and names of steps.

    Steps are those that really ran: what a replay served is not counted among models and names.
    """
    status = store.status()
    tables = []
    for query in (_DAYS, _MODELS, _STEPS):
        rows = store.sql(query.format(most=int(most)))
        tables.append((rows.columns, rows.fetchall()))
    days, models, names = tables
    return Overview(
        sizes=sizes_of(store.path),
        traces=status.traces,
        steps=status.spans + status.open_spans,
        open_steps=status.open_spans,
        days=days,
        models=models,
        names=names,
    )
