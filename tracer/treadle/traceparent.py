"""W3C Trace Context: `traceparent` and `tracestate`, read and written (https://www.w3.org/TR/trace-context-2/).

Read here and not by OpenTelemetry's propagator: that takes the first of two `traceparent` headers where the
specification says that there is none, and complains on stderr about every `tracestate` that a stranger sends. What is
read here passes its stricter constructors silently.

The member `treadle` of a tracestate names the traced call and its lane: `treadle=<span id>-<lane>`. It is taken out
when it is read, so that it reaches nobody but whom a request of Treadle's own goes to.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

SAMPLED = 1
KNOWN_FLAGS = 3
"""Sampled, and of a random trace id; others are to be handed on as zero."""
MEMBER = "treadle"
MOST_MEMBERS = 32
LONGEST_PLACE = 239
"""A value has at most 256 characters, 17 of which name the call."""

State = tuple[tuple[str, str], ...]

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LOWEST_INVALID_VERSION = "ff"
_KEY = r"[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13}"
_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_ENTRY = re.compile(f"({_KEY})=({_VALUE})")
_OWN = re.compile(r"(?!0{16})([0-9a-f]{16})-((?:[0-9]{1,9}(?:\.[0-9]{1,9}){0,30})?)")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span somewhere else, with the flags and vendors' values that travel with it."""

    trace_id: str
    span_id: str
    flags: int = SAMPLED
    state: State = ()

    @property
    def traceparent(self) -> str:
        """The value of the header."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the headers of a request say."""

    around: TraceContext
    call: str
    """The span id of the traced call that the request comes from: the span itself where no Treadle sent it."""
    place: str
    """The lane under that call; empty where no Treadle sent it."""


def read(traceparents: Iterable[str], tracestates: Iterable[str]) -> Arrival | None:
    """Return what the values of the two headers say; None where there is no valid `traceparent`, or more than one."""
    values = list(traceparents)
    if len(values) != 1:
        return None
    matched = _PARENT.fullmatch(values[0].strip(" \t"))
    if matched is None:
        return None
    version, trace_id, span_id, flags, more = matched.groups()
    if version == _LOWEST_INVALID_VERSION or (version == "00" and more is not None):
        return None
    if not int(trace_id, 16) or not int(span_id, 16):
        return None
    members = _members(tracestates)
    own = _OWN.fullmatch(members.pop(MEMBER, ""))
    call, place = own.groups() if own is not None else (span_id, "")
    return Arrival(TraceContext(trace_id, span_id, int(flags, 16) & KNOWN_FLAGS, tuple(members.items())), call, place)


def write(around: TraceContext, *, call: str, place: str) -> dict[str, str]:
    """Return the headers that say that a request comes from this lane of a traced call, inside this span."""
    own = (MEMBER, f"{call}-{place}" if len(place) <= LONGEST_PLACE else f"{call}-")
    others = [member for member in around.state if member[0] != MEMBER]
    state = [own, *others][:MOST_MEMBERS]
    return {"traceparent": around.traceparent, "tracestate": ",".join(f"{key}={value}" for key, value in state)}


def _members(tracestates: Iterable[str]) -> dict[str, str]:
    """Return the members of every `tracestate` header in order; none at all where one of them is wrong."""
    members: dict[str, str] = {}
    for entry in ",".join(tracestates).split(","):
        stripped = entry.strip(" \t")
        if not stripped:
            continue
        matched = _ENTRY.fullmatch(stripped)
        if matched is None or matched[1] in members:
            return {}
        members[matched[1]] = matched[2]
    return members if len(members) <= MOST_MEMBERS else {}
