"""Recorded spans as OTLP: a `ResourceSpans` a process, in OTLP's own JSON or as protobuf.

Attributes are the span's own and OpenTelemetry's current names for the rest; what OTLP has no place for stands under
`treadle.*` (`own_names`), so that an import gives the same span again.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from treadle import semconv
from treadle.outgoing import CLIENT_KINDS, OPERATIONS, told_attributes
from treadle.version import __version__
from treadle_storage.dialects import columns_from
from treadle_storage.formats import own_names as own
from treadle_storage.formats.otlp_values import wrapped_attributes
from treadle_storage.formats.recorded_spans import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle_storage.formats.recorded_spans import Group, RecordedSpan, Row

_KINDS = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_ERROR = 2
_SAMPLED = 0x101
"""The flags of a span that was sampled, whose parent is known to be none of another process."""
_TOLD = {
    "model": semconv.REQUEST_MODEL, "provider": semconv.PROVIDER, "temperature": semconv.REQUEST_TEMPERATURE,
    "input_tokens": semconv.INPUT_TOKENS, "output_tokens": semconv.OUTPUT_TOKENS,
    "cache_read_tokens": semconv.CACHE_READ_TOKENS, "cache_write_tokens": semconv.CACHE_WRITE_TOKENS,
    "reasoning_tokens": semconv.REASONING_TOKENS, "session_id": semconv.CONVERSATION, "user_id": semconv.USER,
}  # fmt: skip
_OWN = {
    "kind": own.KIND, "seq": own.SEQ, "served_from": own.SERVED_FROM, "not_replayable_why": own.WHY,
    "ordinal": own.ORDINAL, "turn": own.TURN, "closed": own.CLOSED, "chunks_digest": own.CHUNKS_DIGEST,
    "task_id": own.TASK, "thread_id": own.THREAD, "code_function": own.FUNCTION, "code_file": own.FILE,
    "code_line": own.LINE, "code_hash": own.HASH, "flavour": own.FLAVOUR,
}  # fmt: skip
_RESOURCE = {
    "service": "service.name", "host": "host.name", "pid": "process.pid", "argv": "process.command_args",
    "python": "process.runtime.version", "executable": "process.executable.path", "cwd": "process.working_directory",
    "git_commit": "vcs.ref.head.revision",
}  # fmt: skip
CHUNK = "chunk"
MESSAGE_SPANS = 200


def resource_spans_of(group: Group) -> Iterator[dict[str, Any]]:
    """Yield the spans of each process in OTLP's JSON, a few hundred at a time: whoever reads them holds them whole."""
    by_process: dict[str, list[RecordedSpan]] = {}
    for span in group.spans:
        by_process.setdefault(span.row["process_id"], []).append(span)
    for process, spans in by_process.items():
        resource = _resource(process, group.processes.get(process, {}))
        scope = {"name": "treadle", "version": __version__}
        for first in range(0, len(spans), MESSAGE_SPANS):
            held = [_span(span) for span in spans[first : first + MESSAGE_SPANS]]
            yield {
                "resource": {"attributes": wrapped_attributes(resource)},
                "scopeSpans": [{"scope": scope, "spans": held}],
            }


def with_base64_ids(resource_spans: dict[str, Any]) -> dict[str, Any]:
    """Return it with ids as protobuf's JSON has them."""
    for scope in resource_spans["scopeSpans"]:
        for span in scope["spans"]:
            for held in (span, *span.get("links", ())):
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in held:
                        held[name] = b64encode(bytes.fromhex(held[name])).decode()
    return resource_spans


def _resource(process: str, row: Row) -> dict[str, Any]:
    named = {name: row[column] for column, name in _RESOURCE.items() if row.get(column) not in (None, [], "")}
    return {**named, own.PROCESS: process}


def _span(span: RecordedSpan) -> dict[str, Any]:
    row = span.row
    held: dict[str, Any] = {"traceId": row["trace_id"], "spanId": row["span_id"]}
    if row["parent_span_id"] is not None:
        held["parentSpanId"] = row["parent_span_id"]
    kind = span.attributes.get(own.OTEL_KIND)
    fallback = "CLIENT" if row["kind"] in CLIENT_KINDS else "INTERNAL"
    held |= {
        "flags": _SAMPLED,
        "name": row["name"],
        "kind": _KINDS.get(kind if isinstance(kind, str) else fallback, 1),
        "startTimeUnixNano": str(row["started_ns"]),
    }
    if row["ended_ns"] is not None:
        held["endTimeUnixNano"] = str(row["ended_ns"])
    held["attributes"] = wrapped_attributes(_attributes(span))
    if events := [*map(_event, span.events), *_exception(span)]:
        held["events"] = events
    if links := [_link(link) for link in span.links if link["to_span_id"] is not None]:
        held["links"] = links
    if row["status"] == "error":
        held["status"] = {"code": _ERROR, "message": row["error_message"] or ""}
    return held


def _attributes(span: RecordedSpan) -> dict[str, Any]:
    """Return the span's own attributes, then what is added, then which those are."""
    added = {name: value for name, value in _added(span).items() if name not in span.attributes}
    added[own.ADDED] = list(added)
    return {**span.attributes, **added}


def _added(span: RecordedSpan) -> dict[str, Any]:
    row = span.row
    told = columns_from(span.attributes)
    added: dict[str, Any] = dict(
        told_attributes(kind=row["kind"], given=row["input"], answer=row["output"], error_type=row["error_type"])
    )
    if operation := OPERATIONS.get(row["kind"]):
        added[semconv.OPERATION] = operation
    if row["kind"] == "tool":
        added[semconv.TOOL_NAME] = row["name"]
    added |= {name: row[column] for column, name in _TOLD.items() if row[column] is not None and column not in told}
    for direction, name in (("input", semconv.INPUT_MESSAGES), ("output", semconv.OUTPUT_MESSAGES)):
        if messages := [_message(held) for held in span.messages if held["direction"] == direction]:
            added[name] = as_text(messages)
    added |= {name: row[column] for column, name in _OWN.items() if row[column] is not None}
    added |= _own_payloads(span, told)
    if row["status"] in ("interrupted", "running") or (row["status"] == "error") != (span.error is not None):
        added[own.STATUS] = row["status"]
    if row["source"] != "live":
        added[own.SOURCE] = row["source"]
    if span.error is not None:
        added[own.ERROR] = as_text(span.error)
    if span.blobs:
        added[own.BLOBS] = {name: b64encode(data).decode() for name, data in span.blobs.items()}
    return added


def _own_payloads(span: RecordedSpan, told: Row) -> Row:
    """Return the payloads as recorded; nothing of those that attributes alone tell."""
    found: Row = {}
    for column, name, everyones in (("input", own.INPUT, semconv.INPUT), ("output", own.OUTPUT, semconv.OUTPUT)):
        value, tagged = span.row[column], span.row[f"{column}_tagged"]
        is_told = column in told and told[column] == value and not (column == "input" and span.row["has_arguments"])
        if value is None or (is_told and tagged is None):
            continue
        is_everyones = tagged is None and everyones not in span.attributes
        found[name] = True if is_everyones else (tagged or value)
    return found


def _message(held: Row) -> Row:
    """Return a message in the schema of the GenAI conventions."""
    parts = held["parts"] if isinstance(held["parts"], list) else []
    if held["content"] is not None:
        is_answer = held["role"] == "tool" and held["tool_call_id"] is not None
        text = (
            {"type": "tool_call_response", "id": held["tool_call_id"], "response": held["content"]}
            if is_answer
            else {"type": "text", "content": held["content"]}
        )
        parts = [text, *parts]
    message = {"role": held["role"], "parts": parts}
    return message | ({"name": held["tool_name"]} if held["tool_name"] else {})


def _event(event: Row) -> dict[str, Any]:
    if event["name"] == CHUNK:
        value = event["tagged"] if event["tagged"] is not None else event["attributes"]
        name, attributes = own.CHUNK_EVENT, {own.CHUNK_VALUE: value}
    else:
        name, attributes = event["name"], _object(event["attributes"])
    return {"timeUnixNano": str(event["at_ns"]), "name": name, "attributes": wrapped_attributes(attributes)}


def _exception(span: RecordedSpan) -> list[dict[str, Any]]:
    """Return the exception as an event, where none tells of it yet: where tools of OpenTelemetry look for it."""
    if span.error is None or any(event["name"] == "exception" for event in span.events):
        return []
    texts = {"type": "exception.type", "message": "exception.message", "stack": "exception.stacktrace"}
    said = {name: str(span.error[key]) for key, name in texts.items() if span.error.get(key)}
    at_ns = span.row["ended_ns"] or span.row["started_ns"]
    attributes = wrapped_attributes({**said, own.ADDED: True})
    return [{"timeUnixNano": str(at_ns), "name": "exception", "attributes": attributes}]


def _link(link: Row) -> dict[str, Any]:
    relation = wrapped_attributes({own.RELATION: link["rel"]})
    return {"traceId": link["to_trace_id"], "spanId": link["to_span_id"], "attributes": relation}


def _object(text: str | None) -> Row:
    held = json.loads(text or "{}")
    return held if isinstance(held, dict) else {"value": held}
