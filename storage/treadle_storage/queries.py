"""The questions that the owner answers, each one named constant of SQL over one trace or one page.

Ids go in as the numbers that the tables hold: a hex id in a condition would read the whole store.
"""

ROW_OF_SPAN = """
select 'finished' as place, rowid from finished where trace_id = $trace and span_id = $span
union all
select 'open_spans' as place, rowid from open_spans where trace_id = $trace and span_id = $span
limit 1
"""
"""Where a span's row is: by it, everything else about the span is found at once."""

NAMES_OF_STEPS = """
select list(distinct name), list(distinct model) filter (where model is not null) from recorded where trace_id = $trace
"""

STEPS = """
select
  span_id,
  coalesce(parent_span_id, 0) as parent_id,
  parent_span_id is not null as has_parent,
  started_ns as start_ns,
  coalesce(ended_ns - started_ns, -1) as duration_ns,
  coalesce(list_position($kinds, kind) - 1, $plain)::utinyint as kind,
  coalesce(list_position($statuses, status) - 1, 0)::utinyint as status,
  coalesce(list_position($sources, source) - 1, 0)::utinyint as source,
  named.code::integer as name,
  coalesce(modelled.code, -1)::integer as model,
  coalesce(input_tokens, -1)::integer as input_tokens,
  coalesce(output_tokens, -1)::integer as output_tokens,
  process_id,
  coalesce(thread_id, 0) as thread_id,
  not_replayable_why is null as replayable
from recorded
left join (select unnest($names) as name, generate_subscripts($names, 1) - 1 as code) as named
  on named.name = recorded.name
left join (select unnest($models) as model, generate_subscripts($models, 1) - 1 as code) as modelled
  on modelled.model = recorded.model
where trace_id = $trace
order by started_ns, process_id, seq
"""
"""Texts come as numbers: 100,000 Python strings a column would be most of the work."""

STEP_ORDER = """
select span_id, coalesce(parent_span_id, 0) as parent_id, parent_span_id is not null as has_parent,
  started_ns as start_ns, process_id
from recorded where trace_id = $trace
order by started_ns, process_id, seq
"""

STEP = """
select
  replace(recorded.trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  printf('%016x', parent_span_id) as parent_span_id,
  printf('%016x', recorded.process_id) as process_id,
  seq, name, kind, status, error_type, error_message, error::varchar as error,
  recorded.started_ns as started_at_ns, ended_ns as ended_at_ns,
  (ended_ns - recorded.started_ns) / 1e6 as duration_ms,
  (first_chunk_ns - recorded.started_ns) / 1e6 as ttft_ms,
  thread_id, task_id, model, provider, input_tokens, output_tokens, cost_usd,
  encode(coalesce(input_tagged, input::varchar)) as input_tagged,
  encode(coalesce(output_tagged, output::varchar)) as output_tagged,
  code_function, code_file, code_line, code_hash, flavour,
  replace(args_hash::varchar, '-', '') as args_hash,
  attributes::json::varchar as attributes,
  source,
  printf('%016x', served_from) as served_from,
  not_replayable_why is null as replayable,
  not_replayable_why,
  cwd
from (select * from {place} where rowid = {row}) as recorded
left join process_rows on process_rows.process_id = recorded.process_id
"""

CALLS = """
select
  replace(trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  printf('%016x', parent_span_id) as parent_span_id,
  printf('%016x', process_id) as process_id,
  seq, name, kind, status,
  code_function, code_file, code_line, code_hash, flavour,
  encode(coalesce(input_tagged, input::varchar)) as input_tagged,
  encode(coalesce(output_tagged, output::varchar)) as output_tagged,
  coalesce(closed, false) as closed_early,
  coalesce(ordinal, '') as ordinal,
  turn,
  started_ns as started_at_ns, ended_ns as ended_at_ns,
  attributes::json::varchar as attributes,
  source,
  not_replayable_why is null as replayable,
  not_replayable_why, start_signature, end_signature
from recorded where trace_id = $trace
order by started_ns, process_id, seq
"""

CHUNKS = """
select printf('%016x', span_id) as span_id, at_ns, encode(coalesce(tagged, attributes::varchar)) as payload
from event_rows where trace_id = $trace and name = 'chunk'
order by process_id, seq, part
"""

CLOSURES = """
select printf('%016x', span_id) as span_id, encode(cells) as cells from closure_rows where trace_id = $trace
"""

KEPT_SOURCES = """
select printf('%016x', process_id) as process_id, seq, file, number, text, coalesce(redacted, false) as redacted,
  signature
from source_rows
where process_id = (
  select process_id from recorded where trace_id = $trace
  order by parent_span_id is not null, started_ns, process_id, seq limit 1
)
order by seq
"""
"""Of the process that began the trace, the one that a replay starts again."""

PROCESS = """
select
  printf('%016x', process_id) as process_id,
  coalesce(pid, 0) as pid, to_json(argv)::varchar as argv, coalesce(cwd, '') as cwd, coalesce(python, '') as python,
  coalesce(executable, '') as executable, main_file, main_module, main_notebook,
  to_json(path)::varchar as path,
  coalesce(host, '') as host, git_commit, git_dirty, process_rows.started_ns as started_at_ns, signature
from process_rows
where process_id = (
  select process_id from recorded where trace_id = $trace
  order by parent_span_id is not null, started_ns, process_id, seq limit 1
)
"""

SOURCE = """
select source_rows.file, number, text, code_function, code_file, code_line, code_hash, flavour
from source_rows
join (
  select process_id, seq, code_function, code_file, code_line, code_hash, flavour from {place} where rowid = {row}
) as step
  on source_rows.process_id = step.process_id and source_rows.file = step.code_file and source_rows.seq < step.seq
order by source_rows.seq desc limit 100
"""
"""Code of the same file can be written again: all that had stood there when the step began, the newest first."""

MESSAGES = """
select direction, position::integer as position, role, content, to_json(parts)::varchar as parts, tool_name,
  tool_call_id
from message_rows where trace_id = $trace and span_id = $span
order by direction, position
"""

EVENTS = """
select at_ns, name, attributes::varchar as attributes
from event_rows where trace_id = $trace and span_id = $span
order by at_ns, process_id, seq, part
"""

SCORES = """
select
  replace(trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  name, value, label, comment, source, author, created_ns as created_at_ns
from score_rows where trace_id = $trace
order by created_ns, process_id, seq
"""

MARKS = """
select id as mark_id, kind as mark, replace(trace_id::varchar, '-', '') as trace_id, value::varchar as value,
  created_at_ns
from (
  select *, min(created_ns) over (partition by id) as created_at_ns from mark_rows
  qualify row_number() over (partition by id order by created_ns desc, process_id desc, seq desc) = 1
)
where not deleted
order by created_at_ns, id
"""

SEARCH = """
select contains(lower(coalesce(input::varchar, '')), lower($quoted))
  or contains(lower(coalesce(output::varchar, '')), lower($quoted))
  or contains(lower(coalesce(error::varchar, '')), lower($quoted))
  or contains(lower(name), lower($text)) as hit
from recorded where trace_id = $trace
order by started_ns, process_id, seq
"""

STATUS = """
select
  (select count(*) from finished) as spans,
  (select count(*) from open_spans) as open_spans,
  (select count(distinct trace_id) from roots) as traces,
  (select count(*) from journals) as journals,
  (select count(*) from rejected) as rejected
"""

REJECTED = """
select journal, offset_bytes as "offset", length_bytes as "length", why
from rejected order by journal, offset_bytes
"""
