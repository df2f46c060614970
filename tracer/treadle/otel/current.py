"""OpenTelemetry spans for Treadle's calls: ids, parents and contexts, in the user's own provider where there is one.

The spans carry names, model and token counts; payloads never leave through them. Where there is no provider, or the
user's sampler drops a span, or their SDK is switched off, nobody would see a span: it is only made up, with real ids,
so that other instrumentations nest, and recording goes on. An SDK span that goes nowhere costs more than all the rest.
"""

import os
import random
from collections.abc import Mapping
from contextvars import Token
from functools import cache

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, Tracer, TraceState
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.trace.status import Status, StatusCode

from treadle import guard

SCOPE = "treadle"
NOTHING = Context()
"""The context in which no span is current."""

Attribute = str | bool | int | float
OtelToken = Token[Context]
OtelContext = Context
Started = tuple[Span, Context, str, str]
"""A span, the context in which its children belong to it, its trace's id and its own in hex."""

_CLIENT, _INTERNAL = SpanKind.CLIENT, SpanKind.INTERNAL
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_numbers = random.Random()  # noqa: S311 - ids, not secrets
"""Not the module's own: a program that seeds it would get the same ids in every run, and other numbers than alone."""
_public: tuple[trace.TracerProvider, Tracer] | None = None
_only_private = False

os.register_at_fork(after_in_child=_numbers.seed)


class PassedSpan(NonRecordingSpan):
    """Stands in contexts for one span after another: what is started there belongs to the last."""

    def __init__(self) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self.span: Span = trace.INVALID_SPAN

    def get_span_context(self) -> SpanContext:
        """Return the ids of the span that it stands for now."""
        return self.span.get_span_context()

    def stand_for(self, span: Span, context: Context) -> Context:
        """Stand for this span from now on: return its context with this one in its place."""
        self.span = span
        return trace.set_span_in_context(self, context)


class MadeUpSpan(NonRecordingSpan):
    """A span that nobody will see: its ids take OpenTelemetry's form only when somebody asks, which costs 1 us."""

    def __init__(self, trace_id: str, flags: TraceFlags, state: TraceState | None) -> None:
        self.trace_id = trace_id
        self.span_id = (_numbers.getrandbits(64) or 1).to_bytes(8, "big").hex()  # in half the time of a format
        self.flags = flags
        self.state = state
        self._ids: SpanContext | None = None

    def get_span_context(self) -> SpanContext:
        """Return the ids."""
        if self._ids is None:
            self._ids = SpanContext(
                int(self.trace_id, 16),
                int(self.span_id, 16),
                is_remote=False,
                trace_flags=self.flags,
                trace_state=self.state,
            )
        return self._ids

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.get_span_context()!r})"


def start(
    name: str,
    *,
    at_ns: int,
    attributes: Mapping[str, Attribute] | None = None,
    is_client: bool = False,
    parent: Context | None = None,
) -> Started:
    """Start a span under the current one, or under the one of `parent`."""
    around = captured() if parent is None else parent
    tracer = _tracer()
    if tracer is None:
        return _made_up(around)
    kind = _CLIENT if is_client else _INTERNAL
    try:
        span = tracer.start_span(name, context=around, kind=kind, attributes=attributes or None, start_time=at_ns)
    except Exception as error:  # noqa: BLE001 - the guard: of the user's processor or sampler
        guard.report(error, what="a step has no span: ")
        return _made_up(around)
    ids = span.get_span_context()
    if not ids.is_valid or (type(span) is NonRecordingSpan and _is_the_parents(ids, around)):
        return _made_up(around)
    try:
        trace_id, span_id = ids.trace_id.to_bytes(16, "big").hex(), ids.span_id.to_bytes(8, "big").hex()
    except AttributeError:  # a generator of the user's may make other integers than Python's own, as numpy's are
        trace_id, span_id = f"{int(ids.trace_id):032x}", f"{int(ids.span_id):016x}"
    return span, Context({**around, _SPAN_KEY: span}), trace_id, span_id


def end(span: Span, at_ns: int, attributes: Mapping[str, Attribute], *, error: str | None) -> None:
    """End a span, with what is known of it by then."""
    if type(span) is not MadeUpSpan and span.is_recording():
        for name, value in attributes.items():
            span.set_attribute(name, value)
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(at_ns)


_runtime = context._RUNTIME_CONTEXT  # noqa: SLF001 - of two calls that do the same the inner one
attach = _runtime.attach
"""Makes a context current, also one that another thread or task handed over."""
detach = context.detach
"""Makes current what was current before; to be called in the context that attached."""
captured = _runtime.get_current
"""Returns the current context, to be handed over."""


def keep_private() -> None:
    """From now on leave the user's provider alone: no span leaves a replaying process."""
    global _only_private
    _only_private = True


def _tracer() -> Tracer | None:
    """Return the tracer of the user's provider, if there is one."""
    global _public
    if _only_private:
        return None
    provider = trace._TRACER_PROVIDER  # noqa: SLF001 - the public way reads the environment each time, for 1 us
    if _public is not None and _public[0] is provider:
        return _public[1]
    if provider is None:
        _set_named_provider()
        provider = trace._TRACER_PROVIDER  # noqa: SLF001 - as above
    if provider is None:
        return None
    _public = (provider, provider.get_tracer(SCOPE))
    return _public[1]


@cache
def _set_named_provider() -> None:
    """Have OpenTelemetry load the provider that the environment names, if it names one: it does so when asked."""
    trace.get_tracer_provider()


def _is_the_parents(ids: SpanContext, parent: Context | None) -> bool:
    """Tell whether a tracer that makes no spans, of an SDK that is switched off, handed back the parent."""
    return ids.span_id == trace.get_current_span(parent).get_span_context().span_id


def _made_up(around: Context) -> Started:
    above = around.get(_SPAN_KEY)
    if type(above) is MadeUpSpan:
        span = MadeUpSpan(above.trace_id, above.flags, above.state)
    elif above is not None and isinstance(above, Span) and (ids := above.get_span_context()).is_valid:
        # what is not sampled stays so for others
        span = MadeUpSpan(int(ids.trace_id).to_bytes(16, "big").hex(), ids.trace_flags, ids.trace_state)
    else:
        span = MadeUpSpan((_numbers.getrandbits(128) or 1).to_bytes(16, "big").hex(), _SAMPLED, None)
    return span, Context({**around, _SPAN_KEY: span}), span.trace_id, span.span_id
