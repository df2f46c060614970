"""OTLP files, read a message at a time: JSON, JSON lines and protobuf, also of the collector's file exporter; gzip too.

A message that cannot be read is counted and left out; the next one is read. Nothing is longer in memory than a message.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from treadle.errors import JournalError, NotFoundError
from treadle.otel.protobuf import resource_spans_from
from treadle_storage.formats.otlp_spans import resource_spans_in
from treadle_storage.formats.tallies import Tally

MOST_BYTES = 64 << 20
"""Of one message."""
_JSON_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
_PROTOBUF_SUFFIXES = frozenset({".pb", ".binpb", ".bin", ".proto", ".otlp"})
_LOOKS_LIKE_JSON = re.compile(rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\]])").match
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FIRST_FIELD = 0x0A
"""How `resource_spans`, field 1 of every message that has them, begins."""
_OTHERS = {"resourceLogs": "log records", "resourceMetrics": "metrics", "resourceProfiles": "profiles"}
_TOO_LONG = f"a message of more than {MOST_BYTES >> 20} MiB"
_CUT_OFF = "it ends in the middle of a message"


@dataclass(frozen=True, slots=True)
class Piece:
    """One `ResourceSpans`, and where in which file it stands."""

    body: Any
    place: str


class OtlpFile:
    """Reads one file; `unread` is told what could not be."""

    def __init__(self, path: Path, unread: Tally) -> None:
        self.path = path
        self._unread = unread
        self._raw: IO[bytes] | None = None

    @property
    def read_bytes(self) -> int:
        """How far in the file it is, compressed or not."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed else 0

    def pieces(self) -> Iterator[Piece]:
        """Yield what the file holds of spans.

        Raises:
            NotFoundError: it is not there, or cannot be opened.

        """
        try:
            with self.path.open("rb") as raw:
                self._raw = raw
                yield from self._within(raw)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._note(f"its compressed data is damaged or cut off: {error}", "at its end")
        except OSError as error:
            raise NotFoundError(f"cannot read {self.path}: {error.strerror or error}") from error

    def _within(self, raw: IO[bytes]) -> Iterator[Piece]:
        magic = raw.read(4)
        raw.seek(0)
        if magic.startswith(_ZSTD):
            self._note("it is compressed with zstd: unpack it first (zstd -d)", "whole file")
            return
        suffixes = [suffix.lower() for suffix in self.path.suffixes]
        stream: Any = gzip.GzipFile(fileobj=raw) if magic.startswith(_GZIP) else raw
        head = stream.read(1024)
        stream.seek(0)
        if not head.strip():
            self._note("it is empty", "whole file")
        elif self._is_json(head, suffixes):
            yield from self._json(stream)
        elif head[0] == _FIRST_FIELD:
            yield from self._protobuf(stream, "")
        else:
            yield from self._framed(stream)

    def _is_json(self, head: bytes, suffixes: list[str]) -> bool:
        if not _PROTOBUF_SUFFIXES.isdisjoint(suffixes):
            return False
        return not _JSON_SUFFIXES.isdisjoint(suffixes) or bool(_LOOKS_LIKE_JSON(head))

    def _json(self, stream: IO[bytes]) -> Iterator[Piece]:
        """Read JSON lines, or one document over several lines where the first line is none."""
        number, is_first = 0, True
        while line := stream.readline(MOST_BYTES + 1):
            number += 1
            if len(line) > MOST_BYTES:
                self._note(_TOO_LONG, f"line {number}")
                _skip_line(stream, line)
                continue
            if not line.strip():
                continue
            body = _loaded(line)
            if isinstance(body, _Unreadable) and is_first:
                behind = stream.tell()
                whole = line + stream.read(MOST_BYTES)
                document = _loaded(whole)
                if not isinstance(document, _Unreadable):
                    yield from self._told(document, "whole file")
                    return
                if line.strip() in (b"{", b"["):
                    long = _TOO_LONG if len(whole) >= MOST_BYTES else document.why
                    self._note(long, "whole file")
                    return
                stream.seek(behind)
            is_first = False
            if isinstance(body, _Unreadable):
                self._note(body.why, f"line {number}")
            else:
                yield from self._told(body, f"line {number}")

    def _told(self, body: Any, place: str) -> Iterator[Piece]:
        for message in body if isinstance(body, list) else [body]:
            found = resource_spans_in(message)
            if found is None:
                other = next(
                    (said for key, said in _OTHERS.items() if isinstance(message, dict) and key in message), ""
                )
                self._note(f"it holds {other}, and only spans are imported" if other else "no resourceSpans", place)
                continue
            for held in found:
                yield Piece(held, f"{self.path.name} {place}")

    def _framed(self, stream: IO[bytes]) -> Iterator[Piece]:
        """Read protobuf as the collector's file exporter writes it: each message after its length, big-endian."""
        number = 0
        while prefix := stream.read(4):
            number += 1
            length = int.from_bytes(prefix, "big")
            place = f"message {number}"
            if len(prefix) < 4 or length > MOST_BYTES:
                self._note("not OTLP: neither JSON nor protobuf" if number == 1 else _CUT_OFF, place)
                return
            message = stream.read(length)
            if len(message) < length:
                self._note(_CUT_OFF if number > 1 else "not OTLP: neither JSON nor protobuf", place)
                return
            yield from self._protobuf(_Window(message), f"{place}, ")

    def _protobuf(self, stream: Any, where: str) -> Iterator[Piece]:
        """Read the `resource_spans` of a message one by one: the message itself may be as large as it likes."""
        number = 0
        while first := stream.read(1):
            number += 1
            place = f"{where}resource {number}"
            length = _length(stream) if first[0] == _FIRST_FIELD else None
            if length is None or length > MOST_BYTES:
                self._note("not OTLP protobuf with spans" if number == 1 else _CUT_OFF, place)
                return
            data = stream.read(length)
            if len(data) < length:
                self._note(_CUT_OFF, place)
                return
            try:
                body = resource_spans_from(data)
            except JournalError as error:
                self._note(str(error), place)
                continue
            yield Piece(body, f"{self.path.name} {place}")

    def _note(self, reason: str, place: str) -> None:
        self._unread.note(reason, f"{self.path.name} {place}")


class _Window:
    """Reads bytes as a file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        return taken


def _length(stream: Any) -> int | None:
    """Return a length as protobuf writes it; None where it is none."""
    length = 0
    for shift in range(0, 35, 7):
        byte: bytes = stream.read(1)
        if not byte:
            return None
        length |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return length
    return None


@dataclass(frozen=True, slots=True)
class _Unreadable:
    why: str


def _loaded(text: bytes) -> Any:
    """Return what JSON holds; JavaScript cuts texts in the middle of a character, and writes NaN."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"\\ud" not in text.lower() and b"NaN" not in text and b"Infinity" not in text:
            return _Unreadable(f"not JSON: {error.msg}")
    try:
        return _without_halves(json.loads(text))
    except (ValueError, RecursionError) as error:
        said = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return _Unreadable(f"not JSON: {said}")


def _without_halves(value: Any) -> Any:
    """Replace halves of characters, which no text in UTF-8 can hold."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_halves(item) for item in value]
    if isinstance(value, dict):
        return {_without_halves(name): _without_halves(item) for name, item in value.items()}
    return value


def _skip_line(stream: IO[bytes], beginning: bytes) -> None:
    while beginning and not beginning.endswith(b"\n"):
        beginning = stream.readline(MOST_BYTES)
