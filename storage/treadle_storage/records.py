"""One line of a journal to the rows it makes: the only reader of the format in `docs/journal.md`.

A record of the wrong shape raises `RecordError` and is set aside by the caller; nothing is half taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from treadle.values import digest, plain

Row: TypeAlias = dict[str, Any]
Load: TypeAlias = Callable[[str], bytes]
ColumnsByKey: TypeAlias = Mapping[str, tuple[str, Callable[[Row, str], Any]]]
"""The column that a record's key fills, and how it is read."""
_TRACE_ID = re.compile("[0-9a-f]{32}").fullmatch
_SPAN_ID = re.compile("[0-9a-f]{16}").fullmatch
_MAX_NS = 2**63
_PAYLOADS = frozenset({"in", "out", "cells"})
MOST_NESTED = 250
"""What orjson writes: it reads four times as deep."""
_CODEC_FAULTS = (Exception,)
"""What the codec raises on tagged JSON that it did not write is anything: a payload must not stop the index."""


class RecordError(ValueError):
    """A line that is not a record; the message says why."""


class RepeatedError(RecordError):
    """A good record about a span that the index holds already."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line that parsed: its object, and its bytes with the newline."""

    body: Row
    line: bytes

    @property
    def kind(self) -> str:
        """What the record is: `start`, `end`, ..."""
        return str(self.body["r"])


def parse(line: bytes) -> Record:
    """Read one line, newline included.

    Raises:
        RecordError: it is no JSON object with the keys that every record has.

    """
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RecordError("not a JSON object")
    if body.get("v") != 1:
        raise RecordError(f"format version {body.get('v')!r}, this Treadle reads 1")
    if not isinstance(body.get("r"), str):
        raise RecordError("no kind of record (key r)")
    if not _is_count(body.get("n")) or not _is_count(body.get("t")):
        raise RecordError("no ordinal or no time (keys n and t)")
    _check_nesting(body, line)
    return Record(body, line)


def _check_nesting(body: Row, line: bytes) -> None:
    """Refuse what could not be written again; payloads may be as deep as they are, their bytes are kept."""
    if line.count(b"[") + line.count(b"{") > MOST_NESTED:
        try:
            orjson.dumps({key: value for key, value in body.items() if key not in _PAYLOADS})
        except TypeError as error:
            raise RecordError(f"nested too deeply: {error}") from error


def check_trace(body: Row, key: str = "trace") -> None:
    """Check that the id under `key` is one of a trace.

    Raises:
        RecordError: it is absent or not 32 hex digits.

    """
    value = body.get(key)
    if not isinstance(value, str) or not _TRACE_ID(value):
        raise RecordError(f"{key} is not an id of 32 hex digits")


def identity(body: Row, key: str) -> int:
    """Return the span's id under `key` as a number.

    Raises:
        RecordError: it is absent or not 16 hex digits.

    """
    value = body.get(key)
    if not isinstance(value, str) or not _SPAN_ID(value):
        raise RecordError(f"{key} is not an id of 16 hex digits")
    return int(value, 16)


def optional_identity(body: Row, key: str) -> int | None:
    """Return the span's id under `key`, or None where there is none."""
    return None if body.get(key) is None else identity(body, key)


def writer_of(row: Row) -> int:
    """Return the process whose journal a span's row came from: of an imported one not the process that ran it."""
    writer: int = row["written_by"] if "written_by" in row else row["process_id"]
    return writer


def origin_columns(body: Row, writer: str) -> Row:
    """Return whose span an imported one is: the process that ran it, its number there, and who wrote it down.

    Raises:
        RecordError: that is not how an origin looks.

    """
    origin = mapping(body, "origin")
    seq = integer(origin, "n")
    if seq is None or seq < 0:
        raise RecordError("an origin without its number (key n)")
    return {"process_id": identity(origin, "process"), "seq": seq, "written_by": int(writer, 16)}


def columns_by_key(body: Row, columns: ColumnsByKey) -> Row:
    """Return the columns that the record's keys fill."""
    return {column: read(body, key) for key, (column, read) in columns.items() if key in body}


def flag(body: Row, key: str) -> bool:
    """Return whether what stands under `key` counts as true."""
    return bool(body.get(key))


def text(body: Row, key: str) -> str | None:
    """Return the text under `key`, or None; a number is taken as its text.

    Raises:
        RecordError: it is something else.

    """
    value = body.get(key)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    raise RecordError(f"{key} is not text")


def integer(body: Row, key: str) -> int | None:
    """Return the whole number under `key`, or None.

    Raises:
        RecordError: it is something else, or over 63 bits.

    """
    value = body.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -_MAX_NS <= value < _MAX_NS:
        raise RecordError(f"{key} is not a whole number of 63 bits")
    return value


def mapping(body: Row, key: str) -> Row:
    """Return the object under `key`, empty where there is none.

    Raises:
        RecordError: it is something else.

    """
    value = body.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordError(f"{key} is not an object")
    return value


def payload(record: Record, key: str) -> bytes | None:
    """Return the exact bytes of the payload that ends the line, or None where the record has none.

    Raises:
        RecordError: the payload is not where `bytes` says.

    """
    if key not in record.body:
        return None
    length = integer(record.body, "bytes")
    opening = f'"{key}":'.encode()
    if length is None or length <= 0:
        raise RecordError(f"{key} without its length (key bytes)")
    start = len(record.line) - 2 - length
    if start < len(opening) or record.line[-2:] != b"}\n" or record.line[start - len(opening) : start] != opening:
        raise RecordError(f"{key} is not the last {length} bytes of its record")
    return record.line[start:-2]


def closure_bytes(record: Record, arguments: bytes) -> bytes | None:
    """Return the exact bytes of what a start record's function was made over; None where it says nothing of that.

    Raises:
        RecordError: they are not where `cells_bytes` says, before the arguments.

    """
    if "cells" not in record.body:
        return None
    length = integer(record.body, "cells_bytes")
    behind = b',"bytes":%d,"in":%b}\n' % (len(arguments), arguments)
    end = len(record.line) - len(behind)
    opening = b'"cells":'
    start = end - (length or 0)
    if not length or not record.line.endswith(behind) or record.line[start - len(opening) : start] != opening:
        raise RecordError(f"cells are not the {length} bytes before the arguments")
    return record.line[start:end]


def payload_columns(tagged: bytes, column: str, load: Load) -> Row:
    """Return a payload as the columns that hold it: plain, and tagged only where that differs.

    A payload whose tags make no sense is shown as it stands. `load` reads the text of a blob.
    """
    try:
        readable = plain(tagged, load=load)
    except _CODEC_FAULTS:
        readable = tagged
    if readable == tagged:
        return {column: tagged.decode()}
    return {column: readable.decode(), f"{column}_tagged": tagged.decode()}


def arguments_digest(tagged: bytes) -> str | None:
    """Return the digest by which a replayed call finds this one, None where it has none."""
    try:
        return digest(tagged)[0]
    except _CODEC_FAULTS:
        return None


def chunk_bytes(record: Record) -> list[tuple[int, bytes]]:
    """Return a chunk record's chunks with the exact bytes of each, as they were written and signed.

    Raises:
        RecordError: it is not a list of `[t, value]`.

    """
    chunks = record.body.get("chunks")
    if not isinstance(chunks, list) or not all(
        isinstance(chunk, list) and len(chunk) == 2 and _is_count(chunk[0]) for chunk in chunks
    ):
        raise RecordError("chunks is not a list of [t, value]")
    rewritten = [(at_ns, orjson.dumps(value)) for at_ns, value in chunks]
    if b",".join(b"[%d,%s]" % chunk for chunk in rewritten) in record.line:
        return rewritten
    try:
        scanned = _scanned_chunks(record.line)
        if [(at_ns, orjson.loads(value)) for at_ns, value in scanned] == [tuple(chunk) for chunk in chunks]:
            return scanned
    except (ValueError, LookupError) as error:
        raise RecordError(f"its chunks cannot be told apart: {error}") from error
    raise RecordError("its chunks cannot be told apart: the key stands twice")


def _scanned_chunks(line: bytes) -> list[tuple[int, bytes]]:
    """Cut the chunks out of the line: for a writer whose JSON is spaced or escaped in another way than ours."""
    source = line.decode()
    decoder = json.JSONDecoder()
    position = source.index("[", source.index('"chunks"')) + 1
    found: list[tuple[int, bytes]] = []
    while True:
        position = _skip(source, position, " \t,")
        if source[position] == "]":
            return found
        at_ns, position = decoder.raw_decode(source, _skip(source, position, "[ \t"))
        start = _skip(source, position, " \t,")
        _, end = decoder.raw_decode(source, start)
        found.append((at_ns, source[start:end].encode()))
        position = _skip(source, end, " \t") + 1


def _skip(source: str, position: int, characters: str) -> int:
    while source[position] in characters:
        position += 1
    return position


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_NS
