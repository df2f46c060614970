"""Forwarding: every finished step to a collector over OTLP, payloads included, where `configure(forward=...)` asks.

The exporter is OpenTelemetry's. The queue before it is ours: theirs logs from the user's thread when it is full, starts
a thread in every forked child, and may hold up the program's end for half a minute. What cannot be sent is dropped
and told once; the journal has it.
"""

import atexit
import contextlib
import contextvars
import logging
import os
import sys
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opentelemetry import context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from treadle import guard
from treadle.errors import UsageError
from treadle.outgoing import CLIENT_KINDS, told_attributes
from treadle.values.view import Load, plain

if TYPE_CHECKING:
    from treadle.call import Call

SCOPE = InstrumentationScope("treadle")
HTTP_PORT = 4318
MOST_WAITING = 4096
BATCH = 512
EVERY_S = 1.0
PATIENCE_S = 3.0
"""How long one request may take, with what is tried again."""
FORK_S = 0.1
"""How long a fork waits for the thread to end."""
EXIT_S = 1.0
"""How long the program's end waits for the last one."""
LONGEST_REASON = 200
_LOGGERS = ("opentelemetry.exporter.otlp", "opentelemetry.sdk", "urllib3", "grpc")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_grpc_process: int | None = None
"""The process that opened a gRPC channel: one that was forked from it cannot open another."""


class Forwarder:
    """Sends finished steps from a thread of its own."""

    def __init__(self, url: str) -> None:
        """Take the collector's address: HTTP where its port is 4318 or it has a path, else gRPC.

        Raises:
            UsageError: this process was forked from one that speaks gRPC.

        """
        self._shown = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl()
        self._exporter = _exporter(url)
        self._resource = Resource.create()
        self._waiting: deque[ReadableSpan] = deque(maxlen=MOST_WAITING)
        self._wake = threading.Event()
        self._said = ""
        self._is_closing = False
        self._is_started = False
        self._thread: threading.Thread | None = None
        atexit.register(self.close)
        if (util := sys.modules.get("multiprocessing.util")) is not None:
            util.Finalize(None, self.close, exitpriority=0)  # a forked worker runs no exit handlers

    def send(self, call: "Call", at_ns: int, *, more: dict[str, Any], output: bytes, load: Load) -> None:
        """Queue a step that has ended; `load` reads the text of a blob."""
        if len(self._waiting) == MOST_WAITING:
            guard.report(OSError(f"{self._shown} is too slow: steps are not forwarded"), what="")
        self._waiting.append(self._span(call, at_ns, more=more, output=output, load=load))
        if not self._is_started:
            self._start()
        if len(self._waiting) >= BATCH:
            self._wake.set()

    def rest(self) -> None:
        """End the thread before a fork, because Python warns where there are others beside the one that forks.

        What waits is sent once another step has ended, or at the program's end.
        """
        resting, self._thread, self._is_started = self._thread, None, False
        self._wake.set()
        if resting is not None and resting is not threading.current_thread():
            resting.join(FORK_S)

    def forget(self) -> None:
        """Leave to the process that forked this one what waits: it sends it."""
        self._waiting.clear()

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._is_closing = True
        self._wake.set()
        if self._thread is None:
            contextvars.Context().run(self._run)
        else:
            self._thread.join(EXIT_S)
            guard.attempt(self._exporter.shutdown)  # it tries no more
            self._thread.join(EXIT_S)

    def _start(self) -> None:
        """Start the thread. Two may be started at once: each takes what the other has not."""
        self._is_started = True  # before all else: a `__del__` in here may send too
        self._thread = threading.Thread(target=self._run, name="treadle-forward", daemon=True)
        # In a context of its own: the call that happens to be the first is not what this thread works for.
        contextvars.Context().run(self._thread.start)

    def _run(self) -> None:
        context.attach(context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True))
        self._listen(threading.get_ident())
        this = threading.current_thread()
        while self._thread is this and not self._is_closing:
            self._wake.wait(EVERY_S)
            self._wake.clear()
            if self._thread is this:
                self._send_waiting()
        if self._is_closing:
            self._send_waiting()

    def _listen(self, thread: int) -> None:
        """Keep what libraries log in this thread out of the program's output, and remember it: it says what failed."""

        def is_others(record: logging.LogRecord) -> bool:
            if record.thread != thread:
                return True
            self._said = record.getMessage().partition("\n")[0][:LONGEST_REASON]
            return False

        for name in [*_LOGGERS, *logging.root.manager.loggerDict]:
            if name.startswith(_LOGGERS):
                logging.getLogger(name).addFilter(is_others)

    def _send_waiting(self) -> None:
        while self._waiting:
            batch = self._taken()
            if guard.attempt(partial(self._exporter.export, batch)) is not SpanExportResult.SUCCESS:
                why = f": {self._said}" if self._said else ""
                guard.report(OSError(f"steps are recorded, but not forwarded to {self._shown}{why}"), what="")
                if self._is_closing:
                    return

    def _taken(self) -> list[ReadableSpan]:
        taken: list[ReadableSpan] = []
        with contextlib.suppress(IndexError):  # nothing waits any more
            while len(taken) < BATCH:
                taken.append(self._waiting.popleft())
        return taken

    def _span(self, call: "Call", at_ns: int, *, more: dict[str, Any], output: bytes, load: Load) -> ReadableSpan:
        error = more.get("error")
        status = Status(StatusCode.ERROR, error.get("message")) if more["status"] == "error" and error else Status()
        attributes = {
            **call.attributes,
            **call.ended_attributes,
            **told_attributes(
                kind=call.kind,
                given=plain(call.payload, load=load).decode(),
                answer=plain(output, load=load).decode(),
                error_type=error["type"] if error else None,
            ),
        }
        return ReadableSpan(
            call.name,
            context=_ids(call.trace_id, call.span_id),
            parent=_ids(call.trace_id, call.parent.span_id) if call.parent is not None else None,
            resource=self._resource,
            attributes=attributes,
            kind=SpanKind.CLIENT if call.kind in CLIENT_KINDS else SpanKind.INTERNAL,
            status=status,
            start_time=call.started_at_ns,
            end_time=at_ns,
            instrumentation_scope=SCOPE,
        )


def _ids(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED)


def _exporter(url: str) -> SpanExporter:
    parts = urlsplit(url)
    if parts.port == HTTP_PORT or parts.path.strip("/"):
        from opentelemetry.exporter.otlp.proto.http import trace_exporter as http

        endpoint = url if parts.path.strip("/") else f"{url.rstrip('/')}/v1/traces"
        return http.OTLPSpanExporter(endpoint, timeout=PATIENCE_S)
    return _grpc_exporter(url, insecure=parts.scheme == "http")


def _grpc_exporter(url: str, *, insecure: bool) -> SpanExporter:
    global _grpc_process
    if _grpc_process not in (None, os.getpid()):
        raise UsageError(f"steps of a forked process cannot be forwarded to {url} over gRPC: use its HTTP port")
    _grpc_process = os.getpid()
    from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc

    return grpc.OTLPSpanExporter(url, insecure=insecure, timeout=PATIENCE_S)
