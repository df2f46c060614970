"""Recording, with the durable journal and redaction, against bare OpenTelemetry SDK spans with their payloads."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from tests.benchmarks.measuring import by_turns, say

import treadle

CALLS = 400
QUESTION, CONTEXT, LIMIT = "What is a treadle?", ["the pedal of a loom", "it moves the loom on by one pick"], 3
MESSAGES_BYTES = 30_000
SENTENCE = "The weaver presses the treadle, a shed opens, and the shuttle carries the weft through it. "


def answer(question: str, context: list[str], limit: int, *, style: str = "brief") -> str:
    """Stand in for a chain's step that costs nothing."""
    return f"{question} {context[0]} {limit} {style}"


def main() -> None:
    """Measure with Treadle's own provider first: a process gets the user's only once."""
    with recording():
        _call("traced call / bare OpenTelemetry span", TracerProvider(shutdown_on_exit=False), "at most 1.0")
        _messages()
        _growing_conversation()
        _disabled()
        users = TracerProvider(shutdown_on_exit=False)
        users.add_span_processor(SimpleSpanProcessor(_Nowhere()))
        otel.set_tracer_provider(users)
        _call("the same in the user's provider, with a processor", users, "at most 1.5")


class _Nowhere(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


@contextmanager
def recording() -> Iterator[Path]:
    """Record into a store of its own, and return that."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, TREADLE_KEY_FILE=str(Path(folder, "key"))):
        os.environ.pop("TREADLE_DISABLED", None)
        treadle.configure(store=Path(folder, "store"))
        yield Path(folder, "store")


def _call(what: str, provider: TracerProvider, promise: str) -> None:
    traced = treadle.trace(answer)
    spanned = bare(otel.get_tracer("bench", tracer_provider=provider))
    traced(QUESTION, CONTEXT, LIMIT, style="brief")
    ours, theirs = by_turns(_many(traced), _many(spanned))
    say(what, f"{ours / theirs:.2f} ({_each(ours)} / {_each(theirs)})", promise)


def _messages() -> None:
    """Measure a model call's request: the thirty kilobytes are there anew in each call."""
    traced = treadle.trace(lambda messages: "yes")
    requests = [_conversation(salt) for salt in range(21 * CALLS // 20)]
    waiting = iter(requests)
    traced(_conversation(-1))

    def anew() -> None:
        for _ in range(CALLS // 20):
            traced(next(waiting))

    (ours,) = by_turns(anew)
    say("30 KB of chat messages, never seen before", _each(ours, CALLS // 20), "at most 400 us")


def _growing_conversation() -> None:
    """Measure the same where earlier messages repeat, as they do from turn to turn."""
    traced = treadle.trace(lambda messages: "yes")
    earlier = _conversation(0)
    (ours,) = by_turns(lambda: [traced(earlier) for _ in range(CALLS // 20)])
    say("30 KB of chat messages, sent again", _each(ours, CALLS // 20), "at most 400 us")


def _disabled() -> None:
    with patch.dict(os.environ, TREADLE_DISABLED="1"):
        disabled = treadle.trace(answer)
        ours, theirs = by_turns(_many(disabled), _many(answer))
    say(
        "a traced call, disabled, over the call itself", f"{max(ours - theirs, 0) / CALLS * 1e6:.2f} us", "under 0.3 us"
    )


def bare(tracer: otel.Tracer) -> Callable[..., str]:
    """Return the same with a span of the SDK around it, payloads as attributes."""

    def spanned(question: str, context: list[str], limit: int, *, style: str) -> str:
        with tracer.start_as_current_span("answer") as span:
            held = {"question": question, "context": context, "limit": limit, "style": style}
            span.set_attribute("input.value", json.dumps(held))
            result = answer(question, context, limit, style=style)
            span.set_attribute("output.value", json.dumps(result))
            return result

    return spanned


def _many(function: Callable[..., str]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(CALLS):
            function(QUESTION, CONTEXT, LIMIT, style="brief")

    return run


def _conversation(salt: int) -> list[dict[str, str]]:
    """Return messages of a few hundred characters, none of them equal to one of another conversation."""
    roles = ("user", "assistant")
    count = MESSAGES_BYTES // (8 * len(SENTENCE))
    return [{"role": roles[n % 2], "content": f"{salt} {n}: {SENTENCE * 8}"} for n in range(count)]


def _each(spent_s: float, calls: int = CALLS) -> str:
    return f"{spent_s / calls * 1e6:.1f} us"
