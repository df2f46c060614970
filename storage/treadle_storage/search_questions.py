"""The question behind `search`: which of some rows hold a text or fit a pattern, and in which of their payloads."""

from __future__ import annotations

from typing import Any

import duckdb

from treadle.errors import QueryError
from treadle_storage.columns import Columns
from treadle_storage.failures import explained

MOST_CHARACTERS = 2_000_000
"""Of a payload: what is longer is looked through whole, and told by its beginning."""
_HOLDS = "contains(lower({text}), $quoted)"
_HOLDS_PLAIN = "contains(lower({text}), $plain)"
_FITS = "regexp_matches({text}, $pattern, 'i')"
_ROWS = {
    "finished": "(select * from finished where rowid between $first and $last)",
    "open": "(select * from open_spans where $first <= $last)",
}
_FOUND = """
with places as (
  select trace_id, span_id, name, kind, started_ns, input::varchar as input, output::varchar as output, error_message,
    case when {in_output} then 'output' when {in_input} then 'input' when {in_error} then 'error'
      when {in_name} then 'name' end as place
  from {rows}
)
select replace(trace_id::varchar, '-', '') as trace_id, printf('%016x', span_id) as span_id, name, kind,
  started_ns as started_at_ns, place,
  left(case place when 'output' then output when 'input' then input when 'error' then error_message else name end,
    {most}) as held
from places where place is not null order by started_ns desc, span_id limit $limit
"""


def found(cursor: duckdb.DuckDBPyConnection, args: dict[str, Any]) -> Columns:
    """Answer `found`: of the rows from `first` to `last`, or of the open steps, those that hold what is sought.

    In inputs and outputs a text is looked for as JSON writes it (`quoted`), elsewhere as it is (`plain`). A `pattern`
    is a regular expression of RE2's, which takes time in proportion to the text, whatever it is.

    Raises:
        QueryError: the pattern is none.

    """
    pattern: str | None = args.get("pattern")
    inside, outside = (_FITS, _FITS) if pattern is not None else (_HOLDS, _HOLDS_PLAIN)
    statement = _FOUND.format(
        rows=_ROWS["open" if args["open"] else "finished"],
        in_output=inside.format(text="output::varchar"),
        in_input=inside.format(text="input::varchar"),
        in_error=outside.format(text="error_message"),
        in_name=outside.format(text="name"),
        most=MOST_CHARACTERS,
    )
    sought = {"pattern": pattern} if pattern is not None else {"quoted": args["quoted"], "plain": args["plain"]}
    window = {name: args[name] for name in ("first", "last", "limit")}
    try:
        return Columns.from_result(cursor.execute(statement, {**window, **sought}))
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise QueryError(f"cannot search for {pattern!r}: {explained(error)}") from error
