"""Records to rows of the index: a start waits for its end, so that a finished span is written once and wide."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import orjson

from treadle_storage.completing import completed
from treadle_storage.people import link_row, mark_row, score_row
from treadle_storage.records import (
    ColumnsByKey,
    Load,
    Record,
    RecordError,
    Row,
    arguments_digest,
    check_trace,
    chunk_bytes,
    closure_bytes,
    columns_by_key,
    flag,
    identity,
    integer,
    mapping,
    optional_identity,
    origin_columns,
    payload,
    payload_columns,
    text,
    writer_of,
)  # fmt: skip
from treadle_storage.registry import Registry

if TYPE_CHECKING:
    from treadle_storage.once import Once

SpanKey: TypeAlias = tuple[str, int]
REMEMBERED_TRACES = 100_000
_OUTCOMES = frozenset({"ok", "error", "interrupted"})
_START_COLUMNS: ColumnsByKey = {
    "parent": ("parent_span_id", optional_identity), "name": ("name", text), "kind": ("kind", text),
    "thread": ("thread_id", integer), "task": ("task_id", text), "ord": ("ordinal", text), "source": ("source", text),
    "served_from": ("served_from", optional_identity), "why": ("not_replayable_why", text),
    "sig": ("start_signature", text),
}  # fmt: skip
_END_COLUMNS: ColumnsByKey = {
    "closed": ("closed", flag), "turn": ("turn", integer), "chunks_digest": ("chunks_digest", text),
    "sig": ("end_signature", text),
}  # fmt: skip
_SAID: dict[str, tuple[str, Callable[[Record, str], Row]]] = {
    "score": ("score_rows", score_row), "link": ("links", link_row), "mark": ("mark_rows", mark_row),
}  # fmt: skip


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
    repeated: list[tuple[Place, str]] = field(default_factory=list)
    """Good records about spans that the index holds already, and why they are not taken."""

    def add(self, table: str, row: Row, place: Place) -> None:
        """Write `row` into `table`."""
        self.rows.setdefault(table, []).append((row, place))


class Assembler:
    """Takes records in the order of their journals, and gives the rows they make."""

    def __init__(self, registry: Registry, open_rows: dict[SpanKey, Row], load: Load, once: Once) -> None:
        """`load` reads the text of a blob."""
        self._registry = registry
        self._once = once
        self._load = load
        self._stored: dict[SpanKey, Row] = open_rows
        self._fresh: dict[SpanKey, tuple[Row, Place]] = {}
        self._rooted: OrderedDict[str, None] = OrderedDict()
        self._batch = Batch()
        self._about_spans = {"start": self._start, "end": self._end, "chunk": self._chunks, "event": self._event}

    @property
    def open_count(self) -> int:
        """How many spans wait for their end."""
        return len(self._stored) + len(self._fresh)

    def take(self, record: Record, process: str, place: Place, *, is_people: bool = False) -> None:
        """Add what one record says.

        Raises:
            RecordError: its shape is wrong; nothing of it was taken.

        """
        if record.kind in self._about_spans:
            self._about_spans[record.kind](record, process, place)
        elif record.kind in _SAID:
            table, row_of = _SAID[record.kind]
            self._batch.add(table, row_of(record, process), place)
        elif record.kind == "process":
            row = self._registry.process(record, process)
            if row is not None and not is_people:
                self._batch.add("process_rows", row, place)
        elif record.kind == "function":
            if (function_row := self._registry.function(record, process)) is not None:
                self._batch.add("functions", function_row, place)
        elif record.kind == "source":
            if (kept_row := self._registry.source(record, process)) is not None:
                self._batch.add("source_rows", kept_row, place)
        else:
            raise RecordError(f"unknown kind of record {record.kind!r}")

    def interrupt(self, process: str, place: Place) -> None:
        """End the open spans of a process that is gone: they never will."""
        process_id = int(process, 16)
        for key, (row, _) in list(self._fresh.items()):
            if writer_of(row) == process_id:
                del self._fresh[key]
                self._finish({**row, "status": "interrupted"}, place)
        for key, row in list(self._stored.items()):
            if writer_of(row) == process_id:
                del self._stored[key]
                self._batch.closed_earlier.append(key)
                self._finish({**row, "status": "interrupted"}, place)

    def flush(self) -> Batch:
        """Return the rows since the last flush; starts still without an end become rows of `open_spans`."""
        batch, self._batch = self._batch, Batch()
        for key in self._once.settle(batch):
            self._fresh.pop(key, None)
        for key, (row, place) in self._fresh.items():
            start_row = orjson.dumps(row).decode()
            batch.add("open_spans", {**completed(dict(row)), "start_row": start_row}, place)
            self._stored[key] = row
        self._fresh = {}
        return batch

    def _start(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        check_trace(body)
        key = (body["trace"], identity(body, "span"))
        self._once.check_start(key, process, is_open=key in self._stored)
        row: Row = {
            "trace_id": key[0],
            "span_id": key[1],
            "process_id": int(process, 16),
            "seq": body["n"],
            "kind": "span",
            "status": "running",
            "started_ns": body["t"],
            "source": "live",
            "service": self._registry.service(process),
            **columns_by_key(body, _START_COLUMNS),
            **self._registry.code_columns(process, integer(body, "f")),
        }
        if "origin" in body:
            row |= origin_columns(body, process)
            row["service"] = self._registry.service(f"{row['process_id']:016x}")
        row["attributes"] = mapping(body, "attrs")
        if not row.get("name"):
            row["name"] = row.get("code_function") or "?"
        arguments = payload(record, "in")
        if arguments is not None:
            row |= payload_columns(arguments, "input", self._load)
            row["args_hash"] = arguments_digest(arguments)
            if (cells := closure_bytes(record, arguments)) is not None:
                where = {name: row[name] for name in ("trace_id", "span_id", "process_id", "seq")}
                self._batch.add("closure_rows", {**where, "cells": cells.decode()}, place)
        self._fresh[key] = (row, place)
        self._once.begin(key, process, place)
        self._remember_root(row, place)

    def _remember_root(self, row: Row, place: Place) -> None:
        """Note where a trace begins here: at a span without a parent, or with one that nobody has seen."""
        trace_id, parent = row["trace_id"], row.get("parent_span_id")
        if parent is not None and trace_id in self._rooted:
            self._rooted.move_to_end(trace_id)
            return
        above = (trace_id, parent) if parent is not None and parent != row["span_id"] else None
        if above is not None and (above in self._fresh or above in self._stored):
            return
        self._rooted[trace_id] = None
        if len(self._rooted) > REMEMBERED_TRACES:
            self._rooted.popitem(last=False)
        root = {"trace_id": trace_id, "span_id": row["span_id"], "started_ns": row["started_ns"]}
        self._batch.add("roots", {**root, "has_parent": parent is not None}, place)

    def _end(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        check_trace(body)
        key = (body["trace"], identity(body, "span"))
        status = text(body, "status")
        if status not in _OUTCOMES:
            raise RecordError(f"status {status!r} is none of ok, error and interrupted")
        outcome: Row = {"status": status, "ended_ns": body["t"], **columns_by_key(body, _END_COLUMNS)}
        error = mapping(body, "error")
        if error:
            outcome |= {"error_type": text(error, "type"), "error_message": text(error, "message")}
            outcome["error"] = orjson.dumps(error).decode()
        result = payload(record, "out")
        if result is not None:
            outcome |= payload_columns(result, "output", self._load)
        attributes = mapping(body, "attrs")
        row = self._close(key, process) or self._lost_start(body, key, process, place)
        row |= outcome
        row["attributes"] |= attributes
        self._finish(row, place)

    def _close(self, key: SpanKey, process: str) -> Row | None:
        open_row = self._fresh[key][0] if key in self._fresh else self._stored.get(key)
        self._once.check_end(key, process, open_row)
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
        self._once.begin(key, process, place)
        if key[0] not in self._rooted:
            self._batch.add("roots", {"trace_id": key[0], "span_id": key[1], "started_ns": body["t"],
                                      "has_parent": True}, place)  # fmt: skip
        return row

    def _finish(self, row: Row, place: Place) -> None:
        self._batch.add("finished", completed(row), place)

    def _chunks(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        chunks = chunk_bytes(record)
        self._once.check(body, process)
        for part, (at_ns, tagged) in enumerate(chunks):
            row = _event_row(body, process, at_ns=at_ns, name="chunk", part=part)
            columns = payload_columns(tagged, "value", self._load)
            row |= {"attributes": columns["value"], "tagged": columns.get("value_tagged")}
            self._batch.add("event_rows", row, place)
        if chunks:
            key = (body["trace"], identity(body, "span"))
            row = self._fresh[key][0] if key in self._fresh else self._stored.get(key, {})
            row.setdefault("first_chunk_ns", chunks[0][0])

    def _event(self, record: Record, process: str, place: Place) -> None:
        body = record.body
        self._once.check(body, process)
        row = _event_row(body, process, at_ns=body["t"], name=text(body, "name") or "event", part=0)
        row["attributes"] = orjson.dumps(mapping(body, "attrs")).decode()
        self._batch.add("event_rows", row, place)


def _event_row(body: Row, process: str, *, at_ns: int, name: str, part: int) -> Row:
    check_trace(body)
    return {
        "trace_id": body["trace"], "span_id": identity(body, "span"), "process_id": int(process, 16),
        "seq": body["n"], "part": part, "at_ns": at_ns, "name": name,
    }  # fmt: skip
