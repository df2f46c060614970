"""A span as an export of ours wrote it: what it was is read back from `treadle.*`, and what was added is taken off."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

from treadle import semconv
from treadle_storage.formats import own_names as own
from treadle_storage.formats.otlp_values import bytes_of
from treadle_storage.records import MOST_NESTED

if TYPE_CHECKING:
    from treadle_storage.formats.otlp_spans import OtlpEvent, OtlpSpan

_START = {
    own.TASK: ("task", str), own.THREAD: ("thread", int), own.ORDINAL: ("ord", str), own.SOURCE: ("source", str),
    own.SERVED_FROM: ("served_from", str), own.WHY: ("why", str),
}  # fmt: skip
_END = {own.TURN: ("turn", int), own.CLOSED: ("closed", bool), own.CHUNKS_DIGEST: ("chunks_digest", str)}
_FUNCTION = {own.FILE: ("file", str), own.LINE: ("line", int), own.HASH: ("hash", str), own.FLAVOUR: ("flavour", str)}
_SOURCES = frozenset({"live", "served", "overridden"})
_STATUSES = frozenset({"ok", "error", "interrupted"})
_DIGITS = frozenset("0123456789abcdef")
_FITS = 2**31
_FITS_SEQ = 2**63


@dataclass(slots=True)
class OwnSpan:
    """What a span's `treadle.*` say; of a stranger's span its attributes and events, and nothing else."""

    attributes: dict[str, Any]
    events: tuple[OtlpEvent, ...]
    is_own: bool = False
    kind: str | None = None
    seq: int = 0
    status: str | None = None
    input: bytes | None = None
    output: bytes | None = None
    error: dict[str, Any] | None = None
    start: dict[str, Any] = field(default_factory=dict)
    """Members of the start record."""
    end: dict[str, Any] = field(default_factory=dict)
    function: dict[str, Any] | None = None
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)

    @property
    def function_number(self) -> int:
        """A number for the function: the same wherever it is told of."""
        return zlib.crc32(orjson.dumps(self.function))


def own_span(span: OtlpSpan) -> OwnSpan:
    """Read what an export added, or the span as it is where no export of ours did."""
    added = span.attributes.get(own.ADDED)
    if not isinstance(added, list):
        return OwnSpan(span.attributes, span.events)
    hidden = {own.ADDED, *(name for name in added if isinstance(name, str))}
    said = {name: value for name, value in span.attributes.items() if name in hidden}
    held = OwnSpan({name: value for name, value in span.attributes.items() if name not in hidden}, (), is_own=True)
    kind, status = said.get(own.KIND), said.get(own.STATUS)
    held.kind = kind if isinstance(kind, str) else None
    held.status = status if isinstance(status, str) and status in _STATUSES else None
    seq = said.get(own.SEQ)
    held.seq = seq if _is_whole(seq) and 0 <= seq < _FITS_SEQ else 0
    held.input = _payload(said.get(own.INPUT), said.get(semconv.INPUT))
    held.output = _payload(said.get(own.OUTPUT), said.get(semconv.OUTPUT))
    held.error = _object(said.get(own.ERROR))
    held.start = _start(said)
    held.end = _typed(said, _END)
    held.function = _function(said)
    held.blobs = _blobs(said.get(own.BLOBS))
    held.events = tuple(event for event in span.events if not _is_chunk(event) and own.ADDED not in event.attributes)
    held.chunks = [
        (event.at_ns, data)
        for event in span.events
        if _is_chunk(event) and (data := _json_bytes(event.attributes[own.CHUNK_VALUE])) is not None
    ]
    return held


def _start(said: dict[str, Any]) -> dict[str, Any]:
    start = _typed(said, _START)
    if start.get("source") not in _SOURCES:
        start.pop("source", None)
    served_from = start.get("served_from", "")
    if len(served_from) != 16 or not _DIGITS.issuperset(served_from):
        start.pop("served_from", None)
    return start


def _function(said: dict[str, Any]) -> dict[str, Any] | None:
    named = said.get(own.FUNCTION)
    module, _, qualname = named.partition(":") if isinstance(named, str) else ("", "", "")
    if not qualname:
        return None
    function = _typed(said, _FUNCTION)
    if not 0 <= function.get("line", 0) < _FITS:
        del function["line"]
    return {"module": module, "qualname": qualname, **function}


def _typed(said: dict[str, Any], names: dict[str, tuple[str, type]]) -> dict[str, Any]:
    return {
        key: said[name]
        for name, (key, kind) in names.items()
        if type(said.get(name)) is kind and not (kind is int and not -_FITS_SEQ <= said[name] < _FITS_SEQ)
    }


def _payload(tagged: Any, value: Any) -> bytes | None:
    """Return the bytes of a payload; `true` says that they are those of the attribute for everyone."""
    return _json_bytes(value if tagged is True else tagged)


def _json_bytes(text: Any) -> bytes | None:
    """Return JSON as its bytes, on one line; None for what is none."""
    if not isinstance(text, str):
        return None
    data = text.encode()
    try:
        tree = orjson.loads(data)
        return orjson.dumps(tree) if b"\n" in data or b"\r" in data else data
    except (TypeError, ValueError):
        return None


def _object(text: Any) -> dict[str, Any] | None:
    data = _json_bytes(text)
    tree = orjson.loads(data) if data is not None and data.count(b"[") + data.count(b"{") < MOST_NESTED else None
    return tree if isinstance(tree, dict) else None


def _blobs(held: Any) -> list[bytes]:
    texts = held.values() if isinstance(held, dict) else ()
    return [data for text in texts if (data := bytes_of(text)) is not None]


def _is_chunk(event: OtlpEvent) -> bool:
    return event.name == own.CHUNK_EVENT and own.CHUNK_VALUE in event.attributes


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
