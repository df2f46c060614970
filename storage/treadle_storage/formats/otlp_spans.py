"""One span of OTLP as it is read: checked where a wrong value would make a wrong span, lenient in all else."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any

from treadle_storage.formats.otlp_values import attributes_from
from treadle_storage.formats.tallies import SkippedError

LATEST_NS = 2**63 - 1
_HEX = re.compile("[0-9a-fA-F]+").fullmatch
_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True, slots=True)
class OtlpEvent:
    """What happened inside a span."""

    at_ns: int
    name: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OtlpLink:
    """Another span that a span names."""

    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OtlpSpan:
    """A span, with whose it is."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    """`CLIENT`, `SERVER` ...; `UNSPECIFIED` where nothing was said."""
    start_ns: int
    end_ns: int | None
    """None: it had not ended."""
    status: str
    status_message: str
    attributes: dict[str, Any]
    events: tuple[OtlpEvent, ...]
    links: tuple[OtlpLink, ...]
    resource: dict[str, Any]
    scope: dict[str, Any] = field(default_factory=dict)
    """`name`, `version` and the attributes of the library that made it."""
    mended: tuple[str, ...] = ()
    """What was put right."""


def span_from(held: Any, *, resource: dict[str, Any], scope: dict[str, Any]) -> OtlpSpan:
    """Read one span.

    Raises:
        SkippedError: it has no ids or no time, and so no place in a trace.

    """
    if not isinstance(held, dict):
        raise SkippedError("a span that is no object")
    mended: list[str] = []
    trace_id = _identity(_of(held, "traceId"), 16, "trace id")
    span_id = _identity(_of(held, "spanId"), 8, "span id")
    start_ns, end_ns = _times(held, mended)
    status = _of(held, "status")
    status = status if isinstance(status, dict) else {}
    return OtlpSpan(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=_parent(_of(held, "parentSpanId"), span_id, mended),
        name=_text(held.get("name")) or "?",
        kind=_named(held.get("kind"), _KINDS, "SPAN_KIND_"),
        start_ns=start_ns,
        end_ns=end_ns,
        status=_named(status.get("code"), _STATUSES, "STATUS_CODE_"),
        status_message=_text(status.get("message")),
        attributes=attributes_from(held.get("attributes")),
        events=tuple(_event(event, start_ns) for event in _list(held.get("events"))),
        links=tuple(link for item in _list(held.get("links")) if (link := _link(item)) is not None),
        resource=resource,
        scope=scope,
        mended=tuple(mended),
    )


def scope_from(held: Any) -> dict[str, Any]:
    """Return the scope's name, version and attributes."""
    if not isinstance(held, dict):
        return {}
    named = {name: _text(held.get(name)) for name in ("name", "version")}
    return {name: value for name, value in named.items() if value} | attributes_from(held.get("attributes"))


def _times(held: dict[str, Any], mended: list[str]) -> tuple[int, int | None]:
    start_ns = _time(_of(held, "startTimeUnixNano"), "start")
    end_ns = _time(_of(held, "endTimeUnixNano"), "end")
    if not start_ns and not end_ns:
        start_ns = end_ns = _first_event_ns(held)
        mended.append("it says no time: shown at its first event")
    if not start_ns:
        mended.append("it did not say when it started: shown at its end")
        start_ns = end_ns
    if end_ns and end_ns < start_ns:
        mended.append("it ended before it started: shown without duration")
        end_ns = start_ns
    return start_ns, end_ns or None


def _first_event_ns(held: dict[str, Any]) -> int:
    told = (_of(event, "timeUnixNano") for event in _list(held.get("events")) if isinstance(event, dict))
    found = min((at_ns for value in told if (at_ns := _time(value, "first event"))), default=0)
    if not found:
        raise SkippedError("it says no time")
    return found


def _time(value: Any, which: str) -> int:
    """Return nanoseconds, 0 for none."""
    if value in (None, "", 0, "0"):
        return 0
    number = None
    if isinstance(value, str) and len(value) < 30 and value.isascii() and value.isdigit():
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    if number is None:
        raise SkippedError(f"its {which} is no number of nanoseconds")
    if not 0 <= number <= LATEST_NS:
        raise SkippedError(f"its {which} is before 1970 or after 2262")
    return number


def _identity(value: Any, size_bytes: int, which: str) -> str:
    """Return an id in hex; protobuf's own JSON has it as base64."""
    if value in (None, ""):
        raise SkippedError(f"it has no {which}")
    found = _hex(value, size_bytes)
    if found is None:
        raise SkippedError(f"its {which} is not {2 * size_bytes} hex digits")
    if not found.strip("0"):
        raise SkippedError(f"its {which} is zero")
    return found


def _hex(value: Any, size_bytes: int) -> str | None:
    if not isinstance(value, str):
        return None
    if len(value) == 2 * size_bytes and _HEX(value):
        return value.lower()
    if len(value) == (size_bytes + 2) // 3 * 4:
        try:
            data = b64decode(value, validate=True)
        except ValueError:
            return None
        return data.hex() if len(data) == size_bytes else None
    return None


def _parent(value: Any, span_id: str, mended: list[str]) -> str | None:
    if value in (None, ""):
        return None
    found = _hex(value, 8)
    if found is None:
        mended.append("its parent's id is not 16 hex digits: shown without a parent")
    elif found == span_id:
        mended.append("it is its own parent: shown without a parent")
        return None
    return found if found and found.strip("0") else None


def _named(value: Any, names: tuple[str, ...], prefix: str) -> str:
    """Return an enumeration's name, which is a number in OTLP's JSON and a name in protobuf's own."""
    if isinstance(value, str):
        value = value.removeprefix(prefix)
        return value if value in names else names[0]
    is_index = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(names)
    return names[value] if is_index else names[0]


def _event(held: Any, start_ns: int) -> OtlpEvent:
    """Return an event; one that says no time, or an absurd one, is shown at the start of its span."""
    held = held if isinstance(held, dict) else {"attributes": [{"key": "value", "value": held}]}
    try:
        at_ns = _time(_of(held, "timeUnixNano"), "time") or start_ns
    except SkippedError:
        at_ns = start_ns
    return OtlpEvent(at_ns, _text(held.get("name")) or "event", attributes_from(held.get("attributes")))


def _link(held: Any) -> OtlpLink | None:
    if not isinstance(held, dict):
        return None
    trace_id, span_id = _hex(_of(held, "traceId"), 16), _hex(_of(held, "spanId"), 8)
    if trace_id is None or span_id is None:
        return None
    return OtlpLink(trace_id, span_id, attributes_from(held.get("attributes")))


def _of(held: dict[str, Any], name: str) -> Any:
    """Return a member by its name in JSON, or by the one that protobuf has for it."""
    if name in held:
        return held[name]
    return held.get(re.sub("([A-Z])", lambda letter: f"_{letter[1].lower()}", name))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def spans_in(resource_spans: Any) -> list[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """Return the spans of a `ResourceSpans`, not read yet, each with its resource and its scope."""
    if not isinstance(resource_spans, dict):
        return []
    resource = resource_spans.get("resource")
    resource = attributes_from(resource.get("attributes")) if isinstance(resource, dict) else {}
    scopes = _of(resource_spans, "scopeSpans")
    if scopes is None:
        scopes = _of(resource_spans, "instrumentationLibrarySpans")  # its name until OTLP 0.15
    found = []
    for held in _list(scopes):
        if isinstance(held, dict):
            scope = scope_from(held.get("scope", held.get("instrumentationLibrary")))
            found += [(span, resource, scope) for span in _list(held.get("spans"))]
    return found


def resource_spans_in(body: Any) -> list[Any] | None:
    """Return the `ResourceSpans` of a message; None where it is none of OTLP's with spans."""
    found = _of(body, "resourceSpans") if isinstance(body, dict) else None
    return found if isinstance(found, list) else None
