"""What was said about a recording, as rows: scores, links between traces, marks."""

from __future__ import annotations

import orjson

from treadle_storage.records import Record, RecordError, Row, check_trace, optional_identity, text


def score_row(record: Record, process: str) -> Row:
    """Return the row of a score; false, or below its own threshold, it failed."""
    body = record.body
    check_trace(body)
    name, value, threshold = text(body, "name"), body.get("value"), body.get("threshold")
    if not name:
        raise RecordError("a score without a name")
    if value is not None and not isinstance(value, (bool, int, float)):
        raise RecordError("a score's value is a number, true or false")
    passed = value if isinstance(value, bool) else None
    if passed is None and value is not None and isinstance(threshold, (int, float)):
        passed = value >= threshold
    return {
        "trace_id": body["trace"], "span_id": optional_identity(body, "span"), "name": name,
        "value": None if value is None else float(value), "passed": passed, "label": text(body, "label"),
        "comment": text(body, "comment"), "source": text(body, "source") or "code", "author": text(body, "author"),
        "created_ns": body["t"], "process_id": int(process, 16), "seq": body["n"],
    }  # fmt: skip


def link_row(record: Record, _: str) -> Row:
    """Return the row of a link from a trace to another."""
    body = record.body
    check_trace(body)
    check_trace(body, "to_trace")
    return {
        "trace_id": body["trace"], "span_id": optional_identity(body, "span"), "rel": text(body, "rel"),
        "to_trace_id": body["to_trace"], "to_span_id": optional_identity(body, "to_span"), "created_ns": body["t"],
    }  # fmt: skip


def mark_row(record: Record, process: str) -> Row:
    """Return the row of what a person left in the debugger."""
    body = record.body
    if body.get("trace") is not None:
        check_trace(body)
    mark_id = text(body, "id")
    if not mark_id:
        raise RecordError("a mark without an id")
    return {
        "id": mark_id, "kind": text(body, "mark"), "trace_id": body.get("trace"),
        "value": orjson.dumps(body.get("value")).decode(), "deleted": bool(body.get("deleted")),
        "created_ns": body["t"], "process_id": int(process, 16), "seq": body["n"],
    }  # fmt: skip
