"""What the owner and its clients say to each other: frames of a JSON header and column buffers.

A frame is a prefix (magic, header length, body length), a JSON object, and the buffers of the columns that the header
describes, each padded to 8 bytes: little-endian numbers, one bit a row for nulls, and for coded columns the lengths of
the dictionary's entries (in characters for text, in bytes for bytes) and then the entries, joined.

    client                                    owner
    hello    protocol, pid                    hello   protocol, pid, store      or error
    ask      question, args, timeout_s, fresh answer  + columns                 or error
    sql      query, timeout_s, fresh          batch   more, + columns; ...      or error
    version                                   version version
    status   fresh                            status  owner_pid, version, ...
    cancel   while ask or sql runs            (what runs ends as an error)
    leave                                     leaving                           (and the owner makes room)
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from treadle import errors
from treadle_storage.columns import NUMBERS, Column, Columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PROTOCOL = 2
"""Grows with each change that an older peer would misread."""
MAX_HEADER_BYTES = 16 << 20
MAX_BODY_BYTES = 2 << 30
PREFIX = struct.Struct("<4sIQ")

_MAGIC = b"TRDL"
_DTYPES = frozenset(NUMBERS.values())
_LENGTH = "<u4"
Header: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its header, and the columns that came with it."""

    header: Header
    columns: Columns | None = None


def encode_frame(frame: Frame) -> list[bytes | memoryview]:
    """Return the pieces of a frame, to be sent one after the other; large columns are not copied."""
    header = dict(frame.header)
    buffers: list[memoryview] = []
    if frame.columns is not None:
        header["rows"] = len(frame.columns)
        header["columns"] = [_describe(column, buffers) for column in frame.columns.columns]
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    pieces: list[bytes | memoryview] = []
    for buffer in buffers:
        pieces += (buffer, bytes(-buffer.nbytes % 8))
    body_bytes = sum(map(_size, pieces))
    _check_sizes(len(text), body_bytes)
    return [PREFIX.pack(_MAGIC, len(text), body_bytes), text, *pieces]


def decode_prefix(prefix: bytes | bytearray) -> tuple[int, int]:
    """Return how long the header and the body are; a StoreError where they are too long, or not ours."""
    magic, header_bytes, body_bytes = PREFIX.unpack(prefix)
    if magic != _MAGIC:
        raise errors.StoreError(
            f"the other end of the owner's socket does not speak Treadle's protocol: {bytes(prefix)!r}"
        )
    _check_sizes(header_bytes, body_bytes)
    return header_bytes, body_bytes


def decode_frame(header_text: bytes | bytearray, body: bytes | bytearray) -> Frame:
    """Read a frame's header and columns back; the numbers are views of `body`."""
    try:
        header = json.loads(header_text)
        described = header.pop("columns", None)
        if described is None:
            return Frame(header)
        reader = _Reader(memoryview(body), header.pop("rows"))
        return Frame(header, Columns(tuple(reader.column(description) for description in described)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.StoreError(f"a message on the owner's socket is damaged: {error!r}") from error


def error_header(error: errors.TreadleError) -> Header:
    """Describe an error so that the other side can raise the same."""
    return {"op": "error", "error": type(error).__name__, "message": str(error)}


def error_from(header: Header) -> errors.TreadleError:
    """Return the error that the other side described: the same class of `treadle.errors`."""
    cls = getattr(errors, str(header.get("error")), None)
    if not (isinstance(cls, type) and issubclass(cls, errors.TreadleError)):
        cls = errors.StoreError
    return cls(str(header.get("message")))


def version_misfit(store: str, owner_pid: object, owner: object, client: object) -> errors.StoreError:
    """Return the error of a client and an owner that speak different protocols."""
    return errors.StoreError(
        f"the owner of {store} (process {owner_pid}) speaks protocol {owner} and this program {client}: two versions "
        "of Treadle are in use; close the programs that use the store, and go on with one version"
    )


def _check_sizes(header_bytes: int, body_bytes: int) -> None:
    for what, size, limit in (
        ("header", header_bytes, MAX_HEADER_BYTES),
        ("body", body_bytes, MAX_BODY_BYTES),
    ):
        if size > limit:
            raise errors.StoreError(
                f"an answer's {what} would be {size:,} bytes and the limit is {limit:,}: ask for fewer rows or columns"
            )


def _size(piece: bytes | memoryview) -> int:
    return piece.nbytes if isinstance(piece, memoryview) else len(piece)


def _describe(column: Column, buffers: list[memoryview]) -> Header:
    description: Header = {"name": column.name, "type": column.type, "dtype": column.values.dtype.str}
    buffers.append(_view(column.values))
    if column.nulls is not None:
        description["nulls"] = True
        buffers.append(_view(np.packbits(column.nulls)))
    if column.dictionary is not None:
        entries = column.dictionary
        joined, is_text = _joined(entries)
        description |= {"entries": len(entries), "text": is_text, "bytes": len(joined)}
        buffers.append(_view(np.fromiter(map(len, entries), dtype=_LENGTH, count=len(entries))))
        buffers.append(memoryview(joined))
    return description


def _joined(entries: tuple[str, ...] | tuple[bytes, ...]) -> tuple[bytes, bool]:
    """Join a dictionary's entries; lone surrogates, which JSON text can hold, pass."""
    texts = [entry for entry in entries if isinstance(entry, str)]
    if texts or not entries:
        return "".join(texts).encode("utf-8", "surrogatepass"), True
    return b"".join(entry for entry in entries if isinstance(entry, bytes)), False


def _view(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array).view(np.uint8).data


class _Reader:
    """Takes buffers off the body, one after the other."""

    def __init__(self, body: memoryview, rows: int) -> None:
        self._body = body
        self._rows = rows
        self._at = 0

    def column(self, description: Header) -> Column:
        dtype = description["dtype"]
        if dtype not in _DTYPES:
            raise ValueError(f"unknown dtype {dtype!r}")
        values = self._numbers(dtype, self._rows)
        nulls = self._bits(self._rows) if description.get("nulls") else None
        dictionary = self._dictionary(description) if "entries" in description else None
        if dictionary is not None and len(values) and not -1 <= values.min() <= values.max() < len(dictionary):
            raise ValueError(f"codes outside the dictionary of {description['name']!r}")
        return Column(description["name"], description["type"], values, nulls, dictionary)

    def _take(self, size: int) -> memoryview:
        if not 0 <= size <= len(self._body) - self._at:
            raise ValueError("its body is too short")
        taken = self._body[self._at : self._at + size]
        self._at += size + -size % 8
        return taken

    def _numbers(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._take(np.dtype(dtype).itemsize * count), dtype=dtype)

    def _bits(self, count: int) -> NDArray[np.bool_]:
        packed = np.frombuffer(self._take((count + 7) // 8), dtype=np.uint8)
        return np.unpackbits(packed, count=count).view(np.bool_)

    def _dictionary(self, description: Header) -> tuple[Any, ...]:
        lengths = self._numbers(_LENGTH, description["entries"]).tolist()
        joined = bytes(self._take(description["bytes"]))
        entries = joined.decode("utf-8", "surrogatepass") if description["text"] else joined
        if sum(lengths) != len(entries):
            raise ValueError(f"the dictionary of {description['name']!r} does not add up")
        return tuple(_cut(entries, lengths))


def _cut(joined: str | bytes, lengths: list[int]) -> Iterator[str | bytes]:
    return (joined[start:end] for start, end in pairwise(accumulate(lengths, initial=0)))
