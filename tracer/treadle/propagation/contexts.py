"""OpenTelemetry's context, as far as this process uses OpenTelemetry.

In a process that was only handed a task it is not loaded: the first traced call loads it, and finds its parent in the
lane. Where the program has loaded it, contexts are made current for the program's own spans.
"""

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from treadle.lanes import CURRENT, Lane, RemoteCall

_remote: ModuleType | None = None


def remote() -> Any:
    """Return `treadle.otel.remote`; None where OpenTelemetry is not loaded."""
    global _remote
    if _remote is None and "opentelemetry.trace" in sys.modules:
        from treadle.otel import remote

        _remote = remote
    return _remote


def captured() -> Any:
    """Return the current context, to be handed over."""
    otel = remote()
    return otel.captured() if otel is not None else None


def of_remote(lane: Lane) -> Any:
    """Return a context under the span that a lane came from, out of another process."""
    otel = remote()
    return otel.under(lane.call.around, None) if otel is not None and isinstance(lane.call, RemoteCall) else None


def attach(context: Any) -> Any:
    """Make a context current, unless it is None; returns what `detach` takes."""
    return remote().attach(context) if context is not None else None


def detach(token: Any) -> None:
    """Make current what was current before."""
    if token is not None:
        remote().detach(token)


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Run code that belongs to no call: it starts the workers of a pool, which outlive the call that needed them."""
    token = CURRENT.set(None)
    otel = remote()
    otel_token = otel.attach(otel.without_span()) if otel is not None else None
    try:
        yield
    finally:
        detach(otel_token)
        CURRENT.reset(token)
