"""Records to rows of the index: a start waits for its end, so that a finished span is written once and wide."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import orjson

from treadle_storage.dialects import columns_from
from treadle_storage.prices import cost_usd
from treadle_storage.records import (
    Record, RecordError, Row, arguments_digest, chunk_bytes, identity, integer, mapping, optional_identity, payload,
    payload_columns, text,
)  # fmt: skip
from treadle_storage.registry import Registry

SpanKey: TypeAlias = tuple[str, int]
REMEMBERED_TRACES = 100_000


class Place(NamedTuple):
    """Where a record stands: for the rows that it makes, and for telling of it when it is bad."""

    journal: str
    offset_bytes: int
    length_bytes: int


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    rows: dict[str, list[tuple[Row, Place]]] = field(default_factory=dict)
    closed_earlier: list[SpanKey] = field(default_factory=list)
    """Spans in `open_spans` whose end is in this batch."""

    def add(self, table: str, row: Row, place: Place) -> None:
        """Write `row` into `table`."""
        self.rows.setdefault(table, []).append((row, place))


class Assembler:
    """Takes records in the order of their journals, and gives the rows they make."""

    def __init__(self, registry: Registry, open_rows: dict[SpanKey, Row]) -> None:
        self._registry = registry
        self._stored: dict[SpanKey, Row] = open_rows
        self._fresh: dict[SpanKey, tuple[Row, Place]] = {}
        self._rooted: OrderedDict[str, None] = OrderedDict()
        self._batch = Batch()

    @property
    def open_count(self) -> int:
        """How many spans wait for their end."""
        return len(self._stored) + len(self._fresh)

    def take(self, record: Record, process: str, place: Place, *, is_people: bool = False) -> None:
        """Add what one record says.

        Raises:
            RecordError: its shape is wrong; nothing of it was taken.

        """
        match record.kind:
            case "start":
                self._start(record, process, place)
            case "end":
                self._end(record, process, place)
            case "chunk":
                self._chunks(record, process, place)
            case "event":
                self._event(record, process, place)
            case "process":
                row = self._registry.process(record, process)
                if row is not None and not is_people:
                    self._batch.add("process_rows", row, place)
            case "function":
                self._batch.add("functions", self._registry.function(record, process), place)
            case "score":
                self._batch.add("score_rows", _score_row(record, process), place)
            case "link":
                self._batch.add("links", _link_row(record), place)
            case "mark":
                self._batch.add("mark_rows", _mark_row(record, process), place)
            case other:
                raise RecordError(f"unknown kind of record {other!r}")

    def interrupt(self, process: str, place: Place) -> None:
        """End the open spans of a process that is gone: they never will."""
        process_id = int(process, 16)
        for key, (row, _) in list(self._fresh.items()):
            if row["process_id"] == process_id:
                del self._fresh[key]
                self._finish({**row, "status": "interrupted"}, place)
        for key, row in list(self._stored.items()):
            if row["process_id"] == process_id:
                del self._stored[key]
                self._batch.closed_earlier.append(key)
                self._finish({**row, "status": "interrupted"}, place)

    def flush(self) -> Batch:
        """Return the rows since the last flush; starts still without an end become rows of `open_spans`."""
        batch, self._batch = self._batch, Batch()
        for key, (row, place) in self._fresh.items():
            start_row = orjson.dumps(row).decode()
            batch.add("open_spans", {**_completed(row), "start_row": start_row}, place)
            self._stored[key] = row
        self._fresh = {}
        return batch

    def _start(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        identity(body, "trace", 32)
        trace_id, span_id = body["trace"], identity(body, "span", 16)
        name = text(body, "name")
        row: Row = {
            "trace_id": trace_id,
            "span_id": span_id,
            "parent_span_id": optional_identity(body, "parent", 16),
            "process_id": int(process, 16),
            "seq": body["n"],
            "kind": text(body, "kind") or "span",
            "status": "running",
            "started_ns": body["t"],
            "thread_id": integer(body, "thread"),
            "task_id": text(body, "task"),
            "ordinal": text(body, "ord"),
            "attributes": mapping(body, "attrs"),
            "source": text(body, "source") or "live",
            "served_from": optional_identity(body, "served_from", 16),
            "not_replayable_why": text(body, "why"),
            "start_signature": text(body, "sig"),
            "service": self._registry.service(process),
            **self._registry.code_columns(process, integer(body, "f")),
        }
        row["name"] = name or row.get("code_function") or "?"
        arguments = payload(record, "in")
        if arguments is not None:
            row |= payload_columns(arguments, "input")
            row["args_hash"] = arguments_digest(arguments)
        if (trace_id, span_id) in self._stored or (trace_id, span_id) in self._fresh:
            raise RecordError("a span that has started before")
        self._fresh[trace_id, span_id] = (row, place)
        self._remember_root(row, place)

    def _remember_root(self, row: Row, place: Place) -> None:
        """Note where a trace begins here: at a span without a parent, or with one that nobody has seen."""
        trace_id, parent = row["trace_id"], row["parent_span_id"]
        if parent is not None and trace_id in self._rooted:
            self._rooted.move_to_end(trace_id)
            return
        if parent is not None and ((trace_id, parent) in self._fresh or (trace_id, parent) in self._stored):
            return
        self._rooted[trace_id] = None
        if len(self._rooted) > REMEMBERED_TRACES:
            self._rooted.popitem(last=False)
        root = {"trace_id": trace_id, "span_id": row["span_id"], "started_ns": row["started_ns"]}
        self._batch.add("roots", {**root, "has_parent": parent is not None}, place)

    def _end(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        identity(body, "trace", 32)
        key = (body["trace"], identity(body, "span", 16))
        error = mapping(body, "error")
        status = body.get("status")
        if status not in ("ok", "error"):
            raise RecordError(f"status {status!r} is neither ok nor error")
        outcome: Row = {
            "status": status,
            "ended_ns": body["t"],
            "closed": bool(body.get("closed")) or None,
            "turn": integer(body, "turn"),
            "chunks_digest": text(body, "chunks_digest"),
            "end_signature": text(body, "sig"),
        }
        if error:
            outcome |= {"error_type": text(error, "type"), "error_message": text(error, "message")}
            outcome["error"] = orjson.dumps(error).decode()
        result = payload(record, "out")
        if result is not None:
            outcome |= payload_columns(result, "output")
        attributes = mapping(body, "attrs")
        started = self._close(key) or self._lost_start(body, key, process, place)
        outcome["attributes"] = {**started["attributes"], **attributes}
        self._finish({**started, **outcome}, place)

    def _close(self, key: SpanKey) -> Row | None:
        fresh = self._fresh.pop(key, None)
        if fresh is not None:
            return fresh[0]
        stored = self._stored.pop(key, None)
        if stored is not None:
            self._batch.closed_earlier.append(key)
        return stored

    def _lost_start(self, body: Row, key: SpanKey, process: str, place: Place) -> Row:
        """Stand in for a start record that was bad, so that the end, which is good, is not lost with it."""
        row: Row = {
            "trace_id": key[0], "span_id": key[1], "parent_span_id": None, "process_id": int(process, 16),
            "seq": body["n"], "name": "?", "kind": "span", "started_ns": body["t"], "attributes": {},
            "source": "live", "service": self._registry.service(process),
            "not_replayable_why": "its start record could not be read",
        }  # fmt: skip
        if key[0] not in self._rooted:
            self._batch.add("roots", {"trace_id": key[0], "span_id": key[1], "started_ns": body["t"],
                                      "has_parent": True}, place)  # fmt: skip
        return row

    def _finish(self, row: Row, place: Place) -> None:
        self._batch.add("finished", _completed(row), place)

    def _chunks(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        identity(body, "trace", 32)
        key = (body["trace"], identity(body, "span", 16))
        chunks = chunk_bytes(record)
        for part, (at_ns, tagged) in enumerate(chunks):
            row = _event_row(body, process, at_ns=at_ns, name="chunk", part=part)
            self._batch.add("event_rows", {**row, **_renamed(payload_columns(tagged, "value"))}, place)
        if chunks:
            self._note_first_chunk(key, chunks[0][0])

    def _note_first_chunk(self, key: SpanKey, at_ns: int) -> None:
        row = self._fresh[key][0] if key in self._fresh else self._stored.get(key)
        if row is not None:
            row.setdefault("first_chunk_ns", at_ns)

    def _event(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        identity(body, "trace", 32)
        row = _event_row(body, process, at_ns=body["t"], name=text(body, "name") or "event", part=0)
        row["attributes"] = orjson.dumps(mapping(body, "attrs")).decode()
        self._batch.add("event_rows", row, place)


def _completed(row: Row) -> Row:
    """Add the columns that the attributes tell, and the price; leave out what is null."""
    attributes: Row = row["attributes"]
    columns = {**row, **columns_from(attributes)}
    first_chunk_s: Any = attributes.get("gen_ai.response.time_to_first_chunk")
    if "first_chunk_ns" not in columns and isinstance(first_chunk_s, (int, float)):
        columns["first_chunk_ns"] = columns["started_ns"] + int(first_chunk_s * 1e9)
    if "model" in columns and ("input_tokens" in columns or "output_tokens" in columns):
        columns["cost_usd"] = cost_usd(
            columns["model"],
            provider=columns.get("provider"),
            at_ns=columns["started_ns"],
            input_tokens=columns.get("input_tokens", 0),
            output_tokens=columns.get("output_tokens", 0),
            cache_read=columns.get("cache_read_tokens", 0),
            cache_write=columns.get("cache_write_tokens", 0),
        )
    return {name: value for name, value in columns.items() if value is not None and value != {}}


def _event_row(body: Row, process: str, *, at_ns: int, name: str, part: int) -> Row:
    return {
        "trace_id": body["trace"], "span_id": identity(body, "span", 16), "process_id": int(process, 16),
        "seq": body["n"], "part": part, "at_ns": at_ns, "name": name,
    }  # fmt: skip


def _renamed(columns: Row) -> Row:
    renamed = {"attributes": columns["value"]}
    return renamed if "value_tagged" not in columns else {**renamed, "tagged": columns["value_tagged"]}


def _score_row(record: Record, process: str) -> Row:
    body = record.body
    identity(body, "trace", 32)
    name, value, threshold = text(body, "name"), body.get("value"), body.get("threshold")
    if not name:
        raise RecordError("a score without a name")
    if value is not None and not isinstance(value, (bool, int, float)):
        raise RecordError("a score's value is a number, true or false")
    passed = value if isinstance(value, bool) else None
    if passed is None and value is not None and isinstance(threshold, (int, float)):
        passed = value >= threshold
    return {
        "trace_id": body["trace"], "span_id": optional_identity(body, "span", 16), "name": name,
        "value": None if value is None else float(value), "passed": passed, "label": text(body, "label"),
        "comment": text(body, "comment"), "source": text(body, "source") or "code", "author": text(body, "author"),
        "created_ns": body["t"], "process_id": int(process, 16), "seq": body["n"],
    }  # fmt: skip


def _link_row(record: Record) -> Row:
    body = record.body
    identity(body, "trace", 32)
    identity(body, "to_trace", 32)
    return {
        "trace_id": body["trace"], "span_id": optional_identity(body, "span", 16), "rel": text(body, "rel"),
        "to_trace_id": body["to_trace"], "to_span_id": optional_identity(body, "to_span", 16), "created_ns": body["t"],
    }  # fmt: skip


def _mark_row(record: Record, process: str) -> Row:
    body = record.body
    optional_identity(body, "trace", 32)
    mark_id = text(body, "id")
    if not mark_id:
        raise RecordError("a mark without an id")
    return {
        "id": mark_id, "kind": text(body, "mark"), "trace_id": body.get("trace"),
        "value": orjson.dumps(body.get("value")).decode(), "deleted": bool(body.get("deleted")),
        "created_ns": body["t"], "process_id": int(process, 16), "seq": body["n"],
    }  # fmt: skip
