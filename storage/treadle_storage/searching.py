"""A text in everything that was recorded, the newest steps first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle_storage import Rows, Store

SNIPPET_CHARACTERS = 100
LEAD_CHARACTERS = 30

_SEARCH = """
with wanted as (
  select lower(decode(unhex('{plain}'))) as plain, lower(decode(unhex('{quoted}'))) as quoted
), texts as (
  select trace_id, span_id, name, kind, started_at, wanted.plain, wanted.quoted,
    input::varchar as input, output::varchar as output, error_message as error
  from spans, wanted
), places as (
  select *, case
    when contains(lower(output), quoted) then 'output'
    when contains(lower(input), quoted) then 'input'
    when contains(lower(error), plain) then 'error'
    when contains(lower(name), plain) then 'name'
  end as place
  from texts
), found as (
  select *,
    case place when 'output' then output when 'input' then input when 'error' then error else name end as text,
    if(place in ('output', 'input'), quoted, plain) as sought
  from places where place is not null
)
select trace_id, span_id, name, kind, started_at, place,
  substring(text, greatest(1, strpos(lower(text), sought) - {lead}), {length}) as snippet
from found order by started_at desc, span_id limit {limit}
"""


def search_everywhere(store: Store, text: str, *, limit: int = 100) -> Rows:
    """Return the steps whose name, input, output or error holds a text, case folded, and where it is in them.

    The text goes into the query as hex digits, so nothing in it can be read as SQL. In inputs and outputs it is
    looked for as JSON writes it.
    """
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    query = _SEARCH.format(
        plain=text.encode().hex(),
        quoted=quoted.encode().hex(),
        lead=LEAD_CHARACTERS,
        length=SNIPPET_CHARACTERS,
        limit=limit,
    )
    return store.sql(query, timeout_s=120)
