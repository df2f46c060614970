"""Spans with all that was recorded of them, without secrets: what an OTLP file and a page are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from treadle.values.view import plain
from treadle_storage.formats.choosing import GROUP_SPANS, ids_sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle_storage.formats.choosing import Chosen
    from treadle_storage.formats.cleaning import Cleaning
    from treadle_storage.store import Store

TIMEOUT_S = 600.0
_SPANS = """
select replace(trace_id::varchar, '-', '') as trace_id, printf('%016x', span_id) as span_id,
  printf('%016x', parent_span_id) as parent_span_id, printf('%016x', process_id) as process_id, seq, name, kind, status,
  error_type, error_message, error::varchar as error, started_ns, ended_ns, first_chunk_ns, thread_id, task_id, model,
  provider, temperature, finish_reason, input::varchar as input, output::varchar as output, input_tagged, output_tagged,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, cost_usd, session_id, user_id,
  service, code_function, code_file, code_line, code_hash, flavour, args_hash is not null as has_arguments,
  attributes::json::varchar as attributes, source, printf('%016x', served_from) as served_from, not_replayable_why,
  ordinal, turn, closed, chunks_digest
from recorded where trace_id in ({traces}) and {after}
order by started_ns, recorded.process_id, seq
limit {limit}
"""
_EVENTS = """
select replace(trace_id::varchar, '-', '') as trace_id, printf('%016x', span_id) as span_id, at_ns, name,
  attributes::varchar as attributes, tagged
from event_rows where trace_id in ({traces}) and span_id in ({spans})
order by at_ns, process_id, seq, part
"""
_MESSAGES = """
select replace(trace_id::varchar, '-', '') as trace_id, printf('%016x', span_id) as span_id, direction, role, content,
  to_json(parts)::varchar as parts, tool_name, tool_call_id
from message_rows where trace_id in ({traces}) and span_id in ({spans})
order by direction, position
"""
_LINKS = """
select replace(trace_id::varchar, '-', '') as trace_id, printf('%016x', span_id) as span_id, rel,
  replace(to_trace_id::varchar, '-', '') as to_trace_id, printf('%016x', to_span_id) as to_span_id
from links where trace_id in ({traces}) and (span_id is null or span_id in ({spans}))
"""
_PROCESSES = """
select printf('%016x', process_id) as process_id, pid, to_json(argv)::varchar as argv, cwd, python, executable, host,
  service, git_commit
from process_rows
where process_id in ({processes})
"""
Key = tuple[str, str]
Row = dict[str, Any]


@dataclass(slots=True)
class RecordedSpan:
    """One span: the columns of its row, and what hangs on it."""

    row: Row
    attributes: Row
    error: Row | None
    events: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    blobs: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """The spans of some traces by the clock, and the processes that they ran in."""

    spans: list[RecordedSpan]
    processes: dict[str, Row]


def read_groups(store: Store, chosen: Chosen, cleaning: Cleaning) -> Iterator[Group]:
    """Yield all that is known of some traces, some thousand spans at a time."""
    for trace_ids in chosen.groups():
        after = "true"
        while (group := _group(store, ids_sql(trace_ids), after, cleaning)).spans:
            yield group
            last = group.spans[-1].row
            process = int(last["process_id"], 16)
            after = f"(started_ns, recorded.process_id, seq) > ({last['started_ns']}, {process}, {last['seq']})"
            if len(group.spans) < GROUP_SPANS:
                break


def _group(store: Store, traces: str, after: str, cleaning: Cleaning) -> Group:
    spans = [_span(row, cleaning) for row in _rows(store, _SPANS, traces=traces, after=after, limit=GROUP_SPANS)]
    if not spans:
        return Group([], {})
    within = {"traces": traces, "spans": ", ".join(str(int(span.row["span_id"], 16)) for span in spans)}
    by_key: dict[Key, RecordedSpan] = {(span.row["trace_id"], span.row["span_id"]): span for span in spans}
    roots = {span.row["trace_id"]: span for span in reversed(spans) if span.row["parent_span_id"] is None}
    for event in _rows(store, _EVENTS, **within):
        if (span := by_key.get((event["trace_id"], event["span_id"]))) is not None:
            span.events.append(_event(event, cleaning))
    counted = cleaning.secrets
    for message in _rows(store, _MESSAGES, **within):
        if (span := by_key.get((message["trace_id"], message["span_id"]))) is not None:
            span.messages.append(_message(message, cleaning))
    cleaning.secrets = counted  # they were counted in the payload that the messages are read from
    for link in _rows(store, _LINKS, **within):
        found = by_key.get((link["trace_id"], link["span_id"])) if link["span_id"] else roots.get(link["trace_id"])
        if found is not None:
            found.links.append(link)
    told = ", ".join(sorted({str(int(span.row["process_id"], 16)) for span in spans}))
    processes = {row["process_id"]: _process(row, cleaning) for row in _rows(store, _PROCESSES, processes=told)}
    return Group(spans, processes)


def _rows(store: Store, query: str, **parts: Any) -> list[Row]:
    """Run a query; what is put into it are numbers, and ids that the store gave."""
    with store.sql(query.format(**parts), timeout_s=TIMEOUT_S) as rows:
        return [dict(zip(rows.columns, row, strict=True)) for row in rows]


def _span(row: Row, cleaning: Cleaning) -> RecordedSpan:
    for column in ("name", "error_message", "session_id", "user_id", "not_replayable_why"):
        if row[column] is not None:
            row[column] = cleaning.text(row[column])
    for column in ("input", "output"):
        _clean_payload(row, column, cleaning)
    attributes = cleaning.attributes(json.loads(row.pop("attributes") or "{}"))
    error = row.pop("error")
    cleaned = json.loads(cleaning.json_text(error) or "null") if error is not None else None
    return RecordedSpan(row, attributes, cleaned, blobs=cleaning.take_blobs())


def _clean_payload(row: Row, column: str, cleaning: Cleaning) -> None:
    """Clean the tagged payload, and have the plain one say the same."""
    tagged = row[f"{column}_tagged"]
    if row[column] is None and tagged is None:
        return
    data = (row[column] if tagged is None else tagged).encode()
    cleaned = cleaning.payload(data)
    if cleaned is data:
        return
    row[f"{column}_tagged"] = cleaned.decode()
    row[column] = plain(cleaned, load=cleaning.blob).decode()


def _event(event: Row, cleaning: Cleaning) -> Row:
    held = event["attributes"]
    if event["tagged"] is not None:
        cleaned = cleaning.payload(event["tagged"].encode()).decode()
        if cleaned != event["tagged"]:
            event |= {"tagged": cleaned, "attributes": plain(cleaned.encode()).decode()}
    elif held is not None:
        event["attributes"] = cleaning.json_text(held)
    return event


def _message(message: Row, cleaning: Cleaning) -> Row:
    parts = json.loads(cleaning.json_text(message["parts"]) or "null")
    content = message["content"]
    return message | {"parts": parts, "content": None if content is None else cleaning.text(content)}


def _process(row: Row, cleaning: Cleaning) -> Row:
    argv = cleaning.redactor.arguments(json.loads(row["argv"] or "[]"))
    return row | {"argv": argv}


def as_text(value: Any) -> str:
    """Return a value as compact JSON."""
    return orjson.dumps(value).decode()
