"""The public views: names, types and units that users, and any DuckDB client, may rely on."""

_RECORDED = """
create view recorded as
select * from finished union all by name select * exclude (start_row) from open_spans
"""
"""Finished and open spans with the ids as numbers: what the questions read."""

SPANS_FROM = """
select
  replace(trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  printf('%016x', parent_span_id) as parent_span_id,
  printf('%016x', process_id) as process_id,
  seq, name, kind, status, error_type, error_message,
  make_timestamp(started_ns // 1000) as started_at,
  make_timestamp(ended_ns // 1000) as ended_at,
  (ended_ns - started_ns) / 1e6 as duration_ms,
  case when ended_ns is null then null else 0.0::double end as paused_ms,
  (first_chunk_ns - started_ns) / 1e6 as ttft_ms,
  thread_id, task_id, model, provider, temperature, finish_reason, input, output,
  coalesce(input_tagged, input::varchar) as input_tagged,
  coalesce(output_tagged, output::varchar) as output_tagged,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd,
  session_id, user_id, service, tags, code_function, code_file, code_line, code_hash, flavour,
  replace(args_hash::varchar, '-', '') as args_hash,
  attributes, source,
  printf('%016x', served_from) as served_from,
  not_replayable_why is null as replayable,
  not_replayable_why
from {source}
"""
"""The columns of `spans`, from `recorded` or a part of it."""

_SPANS = "create view spans as " + SPANS_FROM.format(source="recorded")

_FAILED_SCORES = """
create view failed_by_score as
select trace_id, bool_or(passed = false) as failed
from (
  select trace_id, passed from score_rows
  qualify row_number() over (partition by trace_id, name order by created_ns desc, process_id desc, seq desc) = 1
)
group by trace_id
"""

_TRACE_ROOTS = """
create view trace_roots as
select trace_id, span_id, started_ns from roots
qualify row_number() over (partition by trace_id order by has_parent, started_ns, span_id) = 1
"""

BILLED = "kind in ('llm', 'embedding', 'reranker') and source = 'live'"
"""Agents report the sums of their children and served calls cost nothing, so only live model calls are added up."""

_TRACE_COUNTS = f"""
create view trace_counts as
select
  trace_id,
  count(*) as span_count,
  count(*) filter (where status = 'error') as error_count,
  count(*) filter (where kind = 'llm') as llm_calls,
  sum(input_tokens) filter (where billed)::bigint as input_tokens,
  sum(output_tokens) filter (where billed)::bigint as output_tokens,
  sum(cost_usd) filter (where billed) as cost_usd,
  any_value(session_id) as session_id,
  any_value(user_id) as user_id,
  any_value(service) as service,
  list_distinct(flatten(list(tags) filter (where tags is not null))) as tags
from (select *, {BILLED} as billed from recorded)
group by trace_id
"""  # noqa: S608 - of our own constants

_TRACE_ROWS = """
create view trace_rows as
select
  counts.trace_id as trace_key, root.started_ns, root.span_id as root_key,
  replace(counts.trace_id::varchar, '-', '') as trace_id,
  root.name,
  root.status,
  root.status = 'error' or coalesce(failed_by_score.failed, false) as failed,
  make_timestamp(root.started_ns // 1000) as started_at,
  (root.ended_ns - root.started_ns) / 1e6 as duration_ms,
  counts.span_count, counts.error_count, counts.llm_calls,
  counts.input_tokens, counts.output_tokens, counts.cost_usd,
  coalesce(root.session_id, counts.session_id) as session_id,
  coalesce(root.user_id, counts.user_id) as user_id,
  coalesce(root.service, counts.service) as service,
  counts.tags, root.input, root.output,
  replace(replays.to_trace_id::varchar, '-', '') as replay_of,
  null::varchar as variant
from trace_counts as counts
join trace_roots using (trace_id)
join recorded as root on root.trace_id = trace_roots.trace_id and root.span_id = trace_roots.span_id
left join failed_by_score on failed_by_score.trace_id = counts.trace_id
left join (select trace_id, any_value(to_trace_id) as to_trace_id from links where rel = 'replay_of' group by all)
  as replays on replays.trace_id = counts.trace_id
"""

_TRACES = "create view traces as select * exclude (trace_key, root_key, started_ns) from trace_rows"

_LLM_CALLS = """
create view llm_calls as
select trace_id, span_id, parent_span_id, name, status, error_type, error_message, started_at, ended_at, duration_ms,
  ttft_ms, model, provider, temperature, finish_reason, input, output, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, reasoning_tokens, cost_usd, session_id, user_id, service, tags, source, attributes
from spans where kind = 'llm'
"""

_TOOL_CALLS = """
create view tool_calls as
select trace_id, span_id, parent_span_id, name,
  coalesce(attributes['gen_ai.tool.name']::varchar, name) as tool_name,
  attributes['gen_ai.tool.call.id']::varchar as tool_call_id,
  status, error_type, error_message, started_at, ended_at, duration_ms, input, output, session_id, user_id, service,
  tags, source, attributes
from spans where kind = 'tool'
"""

_RETRIEVALS = """
create view retrievals as
select trace_id, span_id, parent_span_id, name, kind, status, error_type, error_message, started_at, ended_at,
  duration_ms, model,
  coalesce(
    attributes['gen_ai.retrieval.query.text']::varchar,
    input->>'$.query', input->>'$.question', input->>'$.text'
  ) as query,
  case when json_type(output) = 'ARRAY' then json_array_length(output) end as document_count,
  input, output, session_id, user_id, service, tags, source, attributes
from spans where kind in ('retriever', 'reranker')
"""

_ERRORS = """
create view errors as
select trace_id, span_id, parent_span_id, name, kind, error_type, error_message, started_at, ended_at, duration_ms,
  model, provider, input, code_function, code_file, code_line, session_id, user_id, service, tags, source
from spans where status = 'error'
"""

_SESSIONS = f"""
create view sessions as
select
  session_id,
  any_value(user_id) as user_id,
  any_value(service) as service,
  make_timestamp(min(started_ns) // 1000) as started_at,
  make_timestamp(max(coalesce(ended_ns, started_ns)) // 1000) as last_at,
  count(distinct trace_id) as trace_count,
  count(*) as span_count,
  count(*) filter (where kind = 'llm') as llm_calls,
  count(*) filter (where status = 'error') as error_count,
  sum(input_tokens) filter (where billed)::bigint as input_tokens,
  sum(output_tokens) filter (where billed)::bigint as output_tokens,
  sum(cost_usd) filter (where billed) as cost_usd
from (select *, {BILLED} as billed from recorded where session_id is not null)
group by session_id
"""  # noqa: S608 - of our own constants

_EVENTS = """
create view events as
select
  replace(trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  make_timestamp(at_ns // 1000) as at,
  name, attributes
from event_rows
"""

_SCORES = """
create view scores as
select
  replace(trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  name, value, label, comment, source, author,
  make_timestamp(created_ns // 1000) as created_at
from score_rows
"""

_PROCESSES = """
create view processes as
select
  printf('%016x', process_id) as process_id,
  pid, argv, cwd, python, git_commit, git_dirty, host,
  make_timestamp(started_ns // 1000) as started_at
from process_rows
"""

SESSIONS_BY_TRACE = f"""
create or replace view sessions as
select
  coalesce(recorded.session_id, of_trace.session_id) as session_id,
  any_value(user_id) as user_id,
  any_value(service) as service,
  make_timestamp(min(started_ns) // 1000) as started_at,
  make_timestamp(max(coalesce(ended_ns, started_ns)) // 1000) as last_at,
  count(distinct recorded.trace_id) as trace_count,
  count(*) as span_count,
  count(*) filter (where kind = 'llm') as llm_calls,
  count(*) filter (where status = 'error') as error_count,
  sum(input_tokens) filter (where {BILLED})::bigint as input_tokens,
  sum(output_tokens) filter (where {BILLED})::bigint as output_tokens,
  sum(cost_usd) filter (where {BILLED}) as cost_usd
from recorded
join (select trace_id, any_value(session_id) as session_id from recorded where session_id is not null group by trace_id)
  as of_trace using (trace_id)
group by 1
"""  # noqa: S608 - of our own constants
"""A session is often named by the first step of a trace alone: the steps below it are of it too."""

SOURCES_VIEW = """
create view sources as
select printf('%016x', process_id) as process_id, file, number, text from source_rows
"""

VIEWS: tuple[str, ...] = (
    _RECORDED, _SPANS, _FAILED_SCORES, _TRACE_ROOTS, _TRACE_COUNTS, _TRACE_ROWS,
    _TRACES, _LLM_CALLS, _TOOL_CALLS, _RETRIEVALS,
    _ERRORS, _SESSIONS, _EVENTS, _SCORES, _PROCESSES,
)  # fmt: skip
