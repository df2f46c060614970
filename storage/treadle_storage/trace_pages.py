"""The list of traces, newest first, a page at a time by key, never by offset; and the traces that names mean."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from treadle.errors import AmbiguousError, NotFoundError, QueryError
from treadle_storage.columns import Columns
from treadle_storage.expressions import condition_sql
from treadle_storage.failures import explained
from treadle_storage.views import BILLED

_CANDIDATES = """
select trace_id, started_ns from roots
where ($started is null or (started_ns, trace_id) < ($started, $trace::uuid))
  and ($replays or trace_id not in (select trace_id from links where rel = 'replay_of'))
order by started_ns desc, trace_id desc limit $limit
"""
_BEGINNINGS = """
select trace_id::varchar, started_ns from roots
where trace_id in ({ids})
qualify row_number() over (partition by trace_id order by has_parent, started_ns, span_id) = 1
"""
_MATCHING = """
select trace_key, started_ns
from (select trace_key, started_ns, ({condition})::boolean as hit from trace_rows)
where hit and ($started is null or (started_ns, trace_key) < ($started, $trace::uuid))
order by started_ns desc, trace_key desc limit $limit
"""
_ROOTS = """
select span_id, started_ns from roots where trace_id in ({ids})
qualify row_number() over (partition by trace_id order by has_parent, started_ns, span_id) = 1
"""
_ROOT_ROWS = """
select rowid from finished
where started_ns between {first} and {last} and trace_id in ({ids}) and span_id in ({spans})
"""
_PAGE = """
with counts as (
  select trace_id, count(*) as span_count,
    count(*) filter (where status = 'error') as error_count,
    count(*) filter (where kind = 'llm') as llm_calls,
    sum(input_tokens) filter (where billed)::bigint as input_tokens,
    sum(output_tokens) filter (where billed)::bigint as output_tokens,
    sum(cost_usd) filter (where billed) as cost_usd,
    any_value(session_id) as session_id, any_value(user_id) as user_id, any_value(service) as service
  from (
    select *, {billed} as billed
    from recorded where started_ns >= {first} - {slack_ns} and trace_id in ({ids})
  )
  group by trace_id
)
select
  replace(root.trace_id::varchar, '-', '') as trace_id, root.name, root.status,
  root.status = 'error' or coalesce(failed_by_score.failed, false) as failed,
  root.started_ns as started_at_ns, (root.ended_ns - root.started_ns) / 1e6 as duration_ms,
  counts.span_count, counts.error_count, counts.llm_calls, counts.input_tokens, counts.output_tokens, counts.cost_usd,
  coalesce(root.session_id, counts.session_id) as session_id, coalesce(root.user_id, counts.user_id) as user_id,
  coalesce(root.service, counts.service) as service,
  left(root.input::varchar, 200) as input, left(root.output::varchar, 200) as output,
  (select replace(any_value(to_trace_id)::varchar, '-', '') from links
   where links.trace_id = root.trace_id and rel = 'replay_of') as replay_of
from (
  select * from finished where rowid between {first_row} and {last_row} and rowid in ({rows})
  union all by name
  select * exclude (start_row) from open_spans where trace_id in ({ids}) and span_id in ({spans})
) as root
join counts on counts.trace_id = root.trace_id
left join (select * from failed_by_score where trace_id in ({ids})) as failed_by_score
  on failed_by_score.trace_id = root.trace_id
order by root.started_ns desc, root.trace_id desc
"""
"""Rows are found by narrow columns and read by their numbers: payloads of other rows are never unpacked."""
_CLOCK_SLACK_NS = 3600 * 10**9
"""How far a step's clock may be behind that of its root."""
_NOTHING = "'00000000-0000-0000-0000-000000000000'::uuid"
_NEWEST = """
select replace(trace_key::varchar, '-', ''), status from trace_rows
where {condition} order by started_ns desc, trace_key desc limit 1
"""
_TRACES_BETWEEN = """
select distinct replace(trace_id::varchar, '-', '') from roots
where trace_id between $low::uuid and $high::uuid limit 9
"""
_SPANS_BETWEEN = """
select replace(trace_id::varchar, '-', ''), printf('%016x', span_id) from recorded
where span_id between $low and $high limit 9
"""
_NO_TRACES = "nothing is recorded yet: run a traced program, or `treadle demo`"
_LOOK_BACK = 10
"""Traces looked at together for one that has ended."""
_PREFIX = re.compile(r"[0-9a-f]{1,32}")


def page(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `traces`: at most `limit` of them, older than `before`, those that fit `where`."""
    limit = int(args.get("limit") or 100)
    before: list[Any] | None = args.get("before")
    where: str | None = args.get("where")
    chosen = _matching(cursor, where, before, limit) if where else _newest(cursor, before, limit)
    return summaries(cursor, chosen)


def summaries(cursor: duckdb.DuckDBPyConnection, trace_ids: list[str]) -> Columns:
    """Return the rows of these traces, newest first."""
    ids = ", ".join(f"'{trace_id}'::uuid" for trace_id in trace_ids) or _NOTHING
    roots = cursor.execute(_ROOTS.format(ids=ids)).fetchall()
    spans = ", ".join(str(span) for span, _ in roots) or "0"
    starts = [started_ns for _, started_ns in roots] or [0]
    bounds = {"ids": ids, "spans": spans, "first": min(starts), "last": max(starts)}
    rows = [row for (row,) in cursor.execute(_ROOT_ROWS.format(**bounds)).fetchall()] or [-1]
    by_row = {"rows": ", ".join(map(str, rows)), "first_row": min(rows), "last_row": max(rows)}
    statement = _PAGE.format(billed=BILLED, slack_ns=_CLOCK_SLACK_NS, **bounds, **by_row)
    return Columns.from_result(cursor.execute(statement))


def resolve(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `resolve`: what `last`, `last-failed` or the beginning of an id means.

    Raises:
        NotFoundError: nothing is called that.
        AmbiguousError: several are.

    """
    name = str(args["name"]).strip().lower()
    found: tuple[str, str | None, str]
    if name == "last":
        found = _last(cursor)
    elif name == "last-failed":
        found = _last_failed(cursor)
    else:
        found = _by_prefix(cursor, name)
    return Columns.from_rows(("trace_id", "span_id", "why"), ("VARCHAR",) * 3, [found])


def _newest(
    cursor: duckdb.DuckDBPyConnection, before: list[Any] | None, limit: int, *, replays: bool = True
) -> list[str]:
    """Return the newest traces by their beginning; a span without its parent in another process is none."""
    chosen: list[str] = []
    started_ns, trace_id = before or (None, None)
    window = 2 * limit + 20
    while len(chosen) < limit:
        arguments = {"started": started_ns, "trace": trace_id, "limit": window, "replays": replays}
        candidates = cursor.execute(_CANDIDATES, arguments).fetchall()
        if not candidates:
            break
        ids = ", ".join(f"'{trace}'::uuid" for trace, _ in candidates)
        began = dict(cursor.execute(_BEGINNINGS.format(ids=ids)).fetchall())
        beginnings = [str(trace) for trace, start_ns in candidates if began[str(trace)] == start_ns]
        chosen += [trace for trace in dict.fromkeys(beginnings) if trace not in chosen]
        trace_id, started_ns = str(candidates[-1][0]), candidates[-1][1]
        if len(candidates) < window:
            break
    return chosen[:limit]


def _matching(cursor: duckdb.DuckDBPyConnection, where: str, before: list[Any] | None, limit: int) -> list[str]:
    statement = _MATCHING.format(condition=condition_sql(where))
    started_ns, trace_id = before or (None, None)
    arguments = {"started": started_ns, "trace": trace_id, "limit": limit}
    try:
        return [str(trace) for trace, _ in cursor.execute(statement, arguments).fetchall()]
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.Error as error:
        raise QueryError(f"cannot filter traces by {where!r}: {explained(error)}") from error


def _last(cursor: duckdb.DuckDBPyConnection) -> tuple[str, None, str]:
    """Return the newest trace that has ended; replays are left out, for they are what was done about one."""
    newest: str | None = None
    before: list[Any] | None = None
    while len(found := summaries(cursor, _newest(cursor, before, _LOOK_BACK, replays=False))):
        traces, statuses, starts = (found[name].cells() for name in ("trace_id", "status", "started_at_ns"))
        newest = newest or str(traces[0])
        for trace_id, status in zip(traces, statuses, strict=True):
            if status != "running":
                return str(trace_id), None, "newest" + _left_out(cursor, _newest(cursor, None, 1))
        before = [starts[-1], traces[-1]]
    if newest is not None:
        return newest, None, "newest, still running"
    if _newest(cursor, None, 1):
        raise NotFoundError("only replays are recorded, and `last` is none: `treadle traces` lists them")
    raise NotFoundError(_NO_TRACES)


def _last_failed(cursor: duckdb.DuckDBPyConnection) -> tuple[str, None, str]:
    """Return the newest failure; replays are left out here too."""
    for condition, why in (("failed", "failed"), ("error_count > 0", "newest with errors")):
        row = cursor.execute(_NEWEST.format(condition=f"({condition}) and replay_of is null")).fetchone()
        if row:
            newest = cursor.execute(_NEWEST.format(condition=condition)).fetchone() or row
            return str(row[0]), None, why + _left_out(cursor, [str(newest[0])])
    if not _newest(cursor, None, 1):
        raise NotFoundError(_NO_TRACES)
    raise NotFoundError("no trace has failed, and none has an error in it: `treadle traces` lists what there is")


def _left_out(cursor: duckdb.DuckDBPyConnection, newest: list[str]) -> str:
    """Say which newer replay was not taken, so that it can be named."""
    found = summaries(cursor, newest)
    replays = [trace for trace, of in zip(found["trace_id"].cells(), found["replay_of"].cells(), strict=True) if of]
    return f", without the newer replay {replays[0][:8]}" if replays else ""


def _by_prefix(cursor: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str | None, str]:
    prefix = name.replace("-", "")
    if not _PREFIX.fullmatch(prefix):
        raise NotFoundError(
            f"{name!r} is no id: give the beginning of a trace's or a span's id, `last` or `last-failed`"
        )
    bounds = {"low": prefix.ljust(32, "0"), "high": prefix.ljust(32, "f")}
    found: list[tuple[str, str | None]] = [
        (str(trace), None) for (trace,) in cursor.execute(_TRACES_BETWEEN, bounds).fetchall()
    ]
    if len(prefix) <= 16:
        numbers = {"low": int(prefix.ljust(16, "0"), 16), "high": int(prefix.ljust(16, "f"), 16)}
        found += [(str(trace), str(span)) for trace, span in cursor.execute(_SPANS_BETWEEN, numbers).fetchall()]
    if not found:
        raise NotFoundError(f"no trace and no span begins with {name!r}: `treadle traces` lists what there is")
    if len(found) > 1:
        listed = ", ".join(f"span {span}" if span else f"trace {trace}" for trace, span in found[:4])
        raise AmbiguousError(f"{name!r} fits several: {listed}{', ...' if len(found) > 4 else ''}; give more digits")
    trace_id, span_id = found[0]
    return trace_id, span_id, "id"
