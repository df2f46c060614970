"""`treadle.current`: the ids of what runs now, for logs and HTTP headers."""

from dataclasses import dataclass

from treadle.lanes import CURRENT


@dataclass(frozen=True, slots=True)
class Current:
    """The current span: ids in lower-case hex."""

    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """The value of the W3C `traceparent` header."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def current() -> Current | None:
    """Return the ids of the current traced call; None outside of one."""
    lane = CURRENT.get()
    return Current(lane.call.trace_id, lane.call.span_id) if lane is not None else None


def headers() -> dict[str, str]:
    """Return the headers under which another program continues the current traced call; none outside of one.

    They are `traceparent` and `tracestate` of W3C Trace Context, for `treadle.continued` or, in upper case, for the
    environment of a program. Ask for each request anew: what comes of it is numbered by when its headers were made.
    """
    from treadle.propagation import travelling

    lane = CURRENT.get()
    return travelling.headers(lane.submitted()) if lane is not None else {}
