"""The view `messages`: every model call read as a conversation, whatever its arguments look like.

Three views in a row: `message_lists` finds the list of messages in a call's input and output, `message_rows` gives
one row for each, `messages` shows them with the public names. Known shapes: chat completions, responses,
content blocks, and
parts of OpenTelemetry's GenAI schema; a function that takes or gives plain text is one message each way.
"""

_LISTS = """
create view message_lists as
select trace_id, span_id, 'input' as direction,
  case
    when json_type(input, '$.messages') = 'ARRAY' then
      case when json_type(input, '$.system') = 'VARCHAR'
        then list_prepend(
          json_object('role', 'system', 'content', input->'$.system'), cast(input->'$.messages' as json[]))
        else cast(input->'$.messages' as json[]) end
    when json_type(input, '$.input') = 'ARRAY' then cast(input->'$.input' as json[])
    when conversation is not null then cast(json_extract(input, '$."' || conversation || '"') as json[])
    else list_concat(
      list_transform(
        list_filter(json_keys(input), lambda key: key in ('system', 'system_prompt', 'instructions')
          and json_type(input, '$."' || key || '"') = 'VARCHAR'),
        lambda key: json_object('role', 'system', 'content', json_extract(input, '$."' || key || '"'))),
      case when asked is null then []
        else [json_object('role', 'user', 'content', json_extract(input, '$."' || asked || '"'))] end)
  end as items
from (
  select trace_id, span_id, input,
    list_filter(json_keys(input), lambda key: json_type(input, '$."' || key || '"[0].role') = 'VARCHAR')[1]
      as conversation,
    coalesce(
      list_filter(['prompt', 'question', 'query', 'message', 'text', 'input', 'content'],
        lambda key: json_type(input, '$."' || key || '"') = 'VARCHAR')[1],
      list_filter(json_keys(input), lambda key: key not in ('model', 'system', 'system_prompt', 'instructions')
        and json_type(input, '$."' || key || '"') = 'VARCHAR')[1]
    ) as asked
  from recorded where kind = 'llm' and json_type(input) = 'OBJECT'
)
union all
select trace_id, span_id, 'output' as direction,
  case
    when json_type(output, '$.choices') = 'ARRAY' then
      list_transform(cast(output->'$.choices' as json[]), lambda choice:
        coalesce(choice->'$.message', json_object('role', 'assistant', 'content', choice->'$.text')))
    when json_type(output, '$.output') = 'ARRAY' then cast(output->'$.output' as json[])
    when json_type(output, '$.role') = 'VARCHAR' then [output]
    when json_type(output, '$[0].role') = 'VARCHAR' then cast(output as json[])
    when json_type(output) in ('NULL', 'BOOLEAN') then []
    else [json_object('role', 'assistant', 'content',
      case when json_type(output) = 'VARCHAR' then output else to_json(output::varchar) end)]
  end as items
from recorded where kind = 'llm' and status in ('ok', 'interrupted') and output is not null
"""

_ROWS = """
create view message_rows as
select trace_id, span_id, direction, position,
  coalesce(item->>'$.role',
    case item->>'$.type' when 'function_call_output' then 'tool' else
      case direction when 'input' then 'user' else 'assistant' end end) as role,
  coalesce(
    case json_type(item, '$.content') when 'VARCHAR' then item->>'$.content' end,
    case when item->>'$.type' = 'function_call_output' then item->>'$.output' end,
    nullif(array_to_string(list_transform(
      list_filter(pieces, lambda piece: json_type(piece) = 'VARCHAR'
        or (piece->>'$.type') in ('text', 'input_text', 'output_text')),
      lambda piece: case when json_type(piece) = 'VARCHAR' then piece->>'$'
        else coalesce(piece->>'$.text', piece->>'$.content') end), chr(10)), '')
  ) as content,
  nullif(list_concat(
    list_transform(
      list_filter(pieces, lambda piece: json_type(piece) = 'OBJECT'
        and coalesce(piece->>'$.type', '') not in ('text', 'input_text', 'output_text')),
      lambda piece: case piece->>'$.type'
        when 'image_url' then json_object('type', 'uri', 'modality', 'image', 'uri', piece->'$.image_url.url')
        when 'tool_use' then json_object('type', 'tool_call', 'id', piece->'$.id', 'name', piece->'$.name',
          'arguments', piece->'$.input')
        when 'tool_result' then json_object('type', 'tool_call_response', 'id', piece->'$.tool_use_id',
          'response', piece->'$.content')
        else piece end),
    list_transform(
      case when json_type(item, '$.tool_calls') = 'ARRAY' then cast(item->'$.tool_calls' as json[]) else [] end,
      lambda called: json_object('type', 'tool_call', 'id', called->'$.id', 'name', called->'$.function.name',
        'arguments', coalesce(try_cast(called->>'$.function.arguments' as json), called->'$.function.arguments'))),
    case when item->>'$.type' = 'function_call' then [json_object('type', 'tool_call', 'id', item->'$.call_id',
      'name', item->'$.name', 'arguments', coalesce(try_cast(item->>'$.arguments' as json), item->'$.arguments'))]
      else [] end,
    case when json_type(item, '$.refusal') = 'VARCHAR'
      then [json_object('type', 'refusal', 'content', item->'$.refusal')] else [] end
  ), []) as parts,
  item->>'$.name' as tool_name,
  coalesce(item->>'$.tool_call_id', item->>'$.call_id') as tool_call_id
from (
  select trace_id, span_id, direction, position, item,
    case when json_type(item, '$.content') = 'ARRAY' then cast(item->'$.content' as json[])
      when json_type(item, '$.parts') = 'ARRAY' then cast(item->'$.parts' as json[]) else [] end as pieces
  from (
    select trace_id, span_id, direction, unnest(items) as item, generate_subscripts(items, 1) - 1 as position
    from message_lists
  )
)
"""

_MESSAGES = """
create view messages as
select
  replace(trace_id::varchar, '-', '') as trace_id,
  printf('%016x', span_id) as span_id,
  direction, position, role, content, to_json(parts) as parts, tool_name, tool_call_id
from message_rows
"""

MESSAGE_VIEWS: tuple[str, ...] = (_LISTS, _ROWS, _MESSAGES)
