"""OpenTelemetry contexts for spans in other processes: made from what travelled, and read for what is to travel."""

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, NonRecordingSpan, SpanContext, TraceFlags, TraceState

from treadle.traceparent import TraceContext

captured = context.get_current
attach = context.attach
detach = context.detach


def span_in(held: Context | None) -> TraceContext | None:
    """Return the current span of a context, or of the current one; None where there is none."""
    ids = trace.get_current_span(held).get_span_context()
    if not ids.is_valid:
        return None
    state = tuple(ids.trace_state.items())
    return TraceContext(f"{ids.trace_id:032x}", f"{ids.span_id:016x}", int(ids.trace_flags), state)


def under(around: TraceContext, held: Context | None) -> Context:
    """Return a context with a span of another process in it, and what else there is in `held` or the current one."""
    ids = SpanContext(
        int(around.trace_id, 16),
        int(around.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(around.flags),
        trace_state=TraceState(around.state),
    )
    return trace.set_span_in_context(NonRecordingSpan(ids), held)


def at_least_under(around: TraceContext, held: Context | None) -> Context | None:
    """Return the same where `held`, or the current context, has no span of its own; else `held`."""
    return held if trace.get_current_span(held).get_span_context().is_valid else under(around, held)


def without_span() -> Context:
    """Return the current context without its span."""
    return trace.set_span_in_context(INVALID_SPAN)
