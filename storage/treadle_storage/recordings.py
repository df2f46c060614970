"""A trace as replay loads it: every call with the exact bytes that were recorded and signed."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from treadle.errors import NotReplayableError
from treadle.model import Chunk, KeptSource, Process, RecordedCall, Recording
from treadle_storage.steps import function_of, parsed
from treadle_storage.summaries import named_rows

if TYPE_CHECKING:
    from treadle_storage.columns import Columns

_CODE = ("code_function", "code_file", "code_line", "code_hash", "flavour")
_CALL_FIELDS = tuple(field.name for field in fields(RecordedCall) if field.name not in {"function", "chunks", "cells"})
_SOURCE_FIELDS = tuple(field.name for field in fields(KeptSource))
_PROCESS_FIELDS = tuple(field.name for field in fields(Process))
RECORDING_QUESTIONS = ("process", "calls", "chunks", "closures", "kept_sources")


def recording_of(
    process: Columns, calls: Columns, chunks: Columns, closures: Columns, kept_sources: Columns
) -> Recording:
    """Make a recording of the answers to `RECORDING_QUESTIONS` about one trace.

    Raises:
        NotReplayableError: nothing is known of the program that recorded it.

    """
    cells = dict(zip(closures["span_id"].texts(), closures["cells"].texts(), strict=True))
    recorded = _calls_of(calls, _chunks_by_span(chunks), cells)
    trace_id = recorded[0].trace_id if recorded else ""
    if not len(process) or not recorded:
        raise NotReplayableError(f"trace {trace_id} cannot be replayed: the program that recorded it is not known")
    row = next(named_rows(process, _PROCESS_FIELDS))
    row["argv"] = tuple(json.loads(row["argv"] or "[]"))
    row["path"] = tuple(json.loads(row["path"] or "[]"))
    sources = tuple(KeptSource(**kept) for kept in named_rows(kept_sources, _SOURCE_FIELDS))
    return Recording(trace_id=trace_id, process=Process(**row), calls=recorded, sources=sources)


def _calls_of(columns: Columns, chunks: dict[str, list[Chunk]], cells: dict[str, bytes]) -> tuple[RecordedCall, ...]:
    found = []
    for row in named_rows(columns, (*_CALL_FIELDS, *_CODE)):
        function = function_of(*(row.pop(name) for name in _CODE))
        row["attributes"] = parsed(row["attributes"])
        row["input_tagged"] = row["input_tagged"] or b"{}"
        streamed = tuple(chunks.get(row["span_id"], ()))
        closed_over = cells.get(row["span_id"])
        found.append(RecordedCall(**row, function=function, chunks=streamed, cells=closed_over))
    return tuple(found)


def _chunks_by_span(columns: Columns) -> dict[str, list[Chunk]]:
    found: dict[str, list[Chunk]] = {}
    rows = zip(columns["span_id"].texts(), columns["at_ns"].values.tolist(), columns["payload"].texts(), strict=True)
    for span_id, at_ns, payload in rows:
        found.setdefault(span_id, []).append(Chunk(at_ns, payload))
    return found
