"""A request that came in: while it is handled, calls hang under the span that its headers name."""

from contextvars import Token
from typing import Any

from treadle import guard
from treadle.lanes import CURRENT, Lane
from treadle.propagation import contexts, travelling

Entered = tuple[Token[Lane | None], Any]


def arrived(traceparents: list[str], tracestates: list[str]) -> Lane | None:
    """Return the lane that the values of the two headers name; None where they name nothing."""
    return guard.attempt(lambda: _arrived(traceparents, tracestates))


def _arrived(traceparents: list[str], tracestates: list[str]) -> Lane | None:
    from treadle import propagation

    lane = travelling.lane_of(traceparents, tracestates)
    if lane is not None:
        propagation.install()
    return lane


def enter(lane: Lane) -> Entered | None:
    """Make a lane current that arrived, and its span; returns what `leave` takes."""
    return guard.attempt(lambda: _enter(lane))


def _enter(lane: Lane) -> Entered:
    otel_token = contexts.attach(None if _has_span_of_its_own() else contexts.of_remote(lane))
    return CURRENT.set(lane), otel_token


def leave(token: Token[Lane | None], otel_token: Any) -> None:
    """Make current what was current before.

    A handler that is collected in the middle of an await is closed in another context, which never was ours: there is
    nothing to restore in it.
    """
    try:
        CURRENT.reset(token)
    except ValueError:
        return
    contexts.detach(otel_token)


def _has_span_of_its_own() -> bool:
    """Tell whether another instrumentation opened a span inside the traced call around this, or outside of any."""
    otel = contexts.remote()
    current = otel.span_in(None) if otel is not None else None
    outer = CURRENT.get()
    return current is not None and (outer is None or current.span_id != outer.call.span_id)
