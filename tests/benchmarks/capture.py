"""A traced call, with the durable journal and redaction, against a bare OpenTelemetry SDK span with its payloads."""

import json
import tempfile
from collections.abc import Callable

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider

import treadle
from tests.benchmarks.measuring import by_turns, say

CALLS = 400
QUESTION, CONTEXT, LIMIT = "What is a treadle?", ["the pedal of a loom", "it moves the loom on by one pick"], 3


def answer(question: str, context: list[str], limit: int, *, style: str = "brief") -> str:
    """Stand in for a chain's step that costs nothing."""
    return f"{question} {context[0]} {limit} {style}"


def main() -> None:
    """Measure with Treadle's own provider."""
    with tempfile.TemporaryDirectory() as store:
        treadle.configure(store=store)
        traced = treadle.trace(answer)
        bare = _bare(otel.get_tracer("bench", tracer_provider=TracerProvider(shutdown_on_exit=False)))
        traced(QUESTION, CONTEXT, LIMIT, style="brief")
        ours, theirs = by_turns(_many(traced), _many(bare))
    say(
        "traced call / bare OpenTelemetry span",
        f"{ours / theirs:.2f} ({ours / CALLS * 1e6:.0f} us / {theirs / CALLS * 1e6:.0f} us)",
        "at most 1.0",
    )


def _bare(tracer: otel.Tracer) -> Callable[..., str]:
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
