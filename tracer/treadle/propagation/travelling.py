"""What travels to another process: the values of the two headers of W3C Trace Context, over HTTP or in a pickle.

In a pickle goes the store too: a process that this one starts may look for it elsewhere, or configure itself only
where it is the main program.
"""

import sys
from typing import Any

from treadle import guard
from treadle.lanes import Lane, RemoteCall
from treadle.propagation import contexts
from treadle.settings import settings, use
from treadle.traceparent import TraceContext, read, write

_UNPICKLED = "exec(source, space) or space['arrive'](*arguments)"
_SOURCE = """
try:
    from {module} import arrive
except Exception:
    def arrive(function, *rest):
        return function
"""


def headers(lane: Lane, context: Any = None) -> dict[str, str]:
    """Return the headers that say where a lane is, and in which of OpenTelemetry's spans its code was submitted."""
    call = lane.call
    otel = contexts.remote()
    around = otel.span_in(context) if otel is not None else None
    if around is None or around.trace_id != call.trace_id:
        around = call.around if isinstance(call, RemoteCall) else TraceContext(call.trace_id, call.span_id)
    return write(around, call=call.span_id, place=lane.place)


def lane_of(traceparents: list[str], tracestates: list[str]) -> Lane | None:
    """Return the lane that the values of the two headers name; None where they name none."""
    arrival = read(traceparents, tracestates)
    if arrival is None:
        return None
    return Lane(RemoteCall(arrival.call, arrival.around), f"{arrival.place}." if arrival.place else "")


def pickled(module: str, function: Any, lane: Lane, context: Any = None) -> tuple[Any, ...]:
    """Return what a `__reduce__` returns, to have `arrive` of a module called with a function, headers and store.

    The pickle names nothing of ours: in a process that cannot load Treadle, the function arrives as it is.
    """
    sent = guard.attempt(lambda: (*headers(lane, context).values(), _store(), _hold()))
    if sent is None:
        return eval, ("function", {"function": function})
    names = {"source": _SOURCE.format(module=module), "space": {}, "arguments": (function, *sent)}
    return eval, (_UNPICKLED, names)


def unpickled(traceparent: str, tracestate: str, store: str, hold: str) -> Lane | None:
    """Return the lane that a pickle came from, in a process that is made ready for it."""
    from treadle import propagation

    propagation.install()
    if store and not _store():
        use(store=store)
    if hold != _hold():
        from treadle import recorder

        recorder.hold_for(hold)
    return lane_of([traceparent], [tracestate])


def _hold() -> str:
    """Return the name under which this process's journal is held, if it is."""
    recorder = sys.modules.get("treadle.recorder")
    return "" if recorder is None else str(recorder.current_hold())


def _store() -> str:
    """Return where this process records, if that is settled."""
    recorder = sys.modules.get("treadle.recorder")
    settled = recorder.open_store() if recorder is not None else None
    return str(settled or settings().store or "")
