"""OTLP as instrumentations send it, made by hand: spans, messages and files of them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import orjson

from storage.journals import START_NS, span_id, trace_id
from treadle.otel.protobuf import resource_spans_bytes
from treadle_storage.formats.importing import import_files
from treadle_storage.formats.otlp_values import wrapped_attributes
from treadle_storage.formats.otlp_writing import with_base64_ids
from treadle_storage.formats.tallies import Imported
from treadle_storage.store import Store


def made_span(number: int, *, trace: str = trace_id(1), parent: int | None = None, **fields: Any) -> dict[str, Any]:
    """Return a span of a millisecond; `attributes` is a plain object."""
    attributes = fields.pop("attributes", {})
    span = {
        "traceId": trace, "spanId": span_id(number), "name": f"step {number}", "kind": 1,
        "startTimeUnixNano": str(START_NS + number * 1_000_000),
        "endTimeUnixNano": str(START_NS + (number + 1) * 1_000_000),
        "attributes": wrapped_attributes(attributes), **fields,
    }  # fmt: skip
    return span if parent is None else {**span, "parentSpanId": span_id(parent)}


def message(*spans: Any, service: str = "shop") -> dict[str, Any]:
    """Return a message with these spans."""
    resource = {"attributes": wrapped_attributes({"service.name": service, "deployment.environment.name": "test"})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "lib"}, "spans": list(spans)}]}]}


def lines_file(path: Path, *messages: Any) -> Path:
    """Write messages as the collector's file exporter does; what is bytes already is written as it is."""
    path.write_bytes(b"".join((each if isinstance(each, bytes) else orjson.dumps(each)) + b"\n" for each in messages))
    return path


def bare_protobuf(*messages: Any) -> bytes:
    """Return messages as protobuf, one after the other: that is one message again."""
    return b"".join(_field(held) for each in messages for held in json.loads(json.dumps(each))["resourceSpans"])


def framed_protobuf(*messages: Any) -> bytes:
    """Return messages as protobuf, each behind its length."""
    return b"".join(len(data := bare_protobuf(each)).to_bytes(4, "big") + data for each in messages)


def gzipped(path: Path) -> Path:
    """Compress a file, beside it."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def imported(store: Store, *paths: Path) -> Imported:
    """Import files, and say nothing meanwhile."""
    return import_files(store, paths, on_progress=lambda _bytes, _done: None)


def _field(resource_spans: dict[str, Any]) -> bytes:
    data = resource_spans_bytes(with_base64_ids(resource_spans))
    length, varint = len(data), bytearray()
    while length > 0x7F:
        varint.append(length & 0x7F | 0x80)
        length >>= 7
    return b"\x0a" + bytes([*varint, length]) + data
