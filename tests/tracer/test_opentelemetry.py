"""Treadle's spans in OpenTelemetry: in the user's provider, without payloads, recorded whatever their sampler says."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

import recorded
import treadle
from asked import QUESTION
from programs import python


@pytest.fixture
def sampler() -> Sampler:
    """Return the user's sampler."""
    return ALWAYS_ON


@pytest.fixture
def exported(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Install a provider of the user's, and return what it exports."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    yield exporter
    provider.shutdown()


@treadle.trace
def inner(text: str) -> str:
    """Answer with a secret that must stay here."""
    with trace.get_tracer("theirs").start_as_current_span("theirs"):
        return innermost(text)


@treadle.trace(kind="tool")
def innermost(text: str) -> str:
    """Be called below a span of the user's."""
    return f"answer to {text}"


def by_name(spans: Any) -> dict[str, ReadableSpan]:
    """Return the spans by name."""
    return {span.name: span for span in spans}


def test_spans_nest_with_the_users_own(exported: InMemorySpanExporter, store: Path) -> None:
    """Ours hang under theirs and theirs under ours, and the ids are the recorded ones."""
    with trace.get_tracer("theirs").start_as_current_span("request"):
        inner("question")
    spans = by_name(exported.get_finished_spans())
    chain = ["request", "inner", "theirs", "innermost"]
    for above, below in pairwise(chain):
        parent = spans[below].parent
        assert parent is not None
        assert parent.span_id == spans[above].context.span_id
    assert len({span.context.trace_id for span in spans.values()}) == 1
    call = recorded.named(store, "inner")
    assert call.start["span"] == f"{spans['inner'].context.span_id:016x}"
    assert call.start["trace"] == f"{spans['inner'].context.trace_id:032x}"
    assert [child.name for child in call.children] == ["innermost"]


def test_payloads_do_not_leave_through_spans(exported: InMemorySpanExporter, store: Path) -> None:
    """Neither arguments nor results nor messages of exceptions are on the user's spans."""
    inner("question")

    @treadle.trace
    def fail(text: str) -> None:
        raise ValueError(text)

    with pytest.raises(ValueError, match="private words"):
        fail("private words")
    shown = "".join(span.to_json() for span in exported.get_finished_spans())
    assert "question" not in shown
    assert "private words" not in shown
    failed = by_name(exported.get_finished_spans())["fail"]
    assert (failed.status.status_code.name, failed.status.description) == ("ERROR", "ValueError")


def test_model_calls_carry_names_and_counts(exported: InMemorySpanExporter, store: Path, client: openai.OpenAI) -> None:
    """The span of a model call is a client span with the convention's attributes, without messages."""
    client.chat.completions.create(model="m", messages=QUESTION, temperature=0.5)
    (span,) = exported.get_finished_spans()
    assert span.kind.name == "CLIENT"
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.request.temperature"] == 0.5
    assert attributes["gen_ai.usage.output_tokens"] == 4
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert "a b c" not in span.to_json()


@pytest.mark.parametrize("sampler", [ALWAYS_OFF])
def test_recording_does_not_depend_on_the_users_sampler(exported: InMemorySpanExporter, store: Path) -> None:
    """A sampler that drops everything exports nothing, and all is recorded, nested as it was."""
    inner("question")
    assert exported.get_finished_spans() == ()
    (root,) = recorded.roots(store)
    assert root.tree == ["inner", ["innermost"]]


class NumpyIds(IdGenerator):
    """Makes ids that are no integers of Python's own."""

    def __init__(self) -> None:
        self._numbers = np.random.default_rng(1)

    def generate_trace_id(self) -> Any:
        """Return one of 63 bits."""
        return self._numbers.integers(1, 2**63)

    generate_span_id = generate_trace_id


def test_ids_of_a_generator_of_the_users_are_the_recorded_ones(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever integers it makes."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider(id_generator=NumpyIds(), shutdown_on_exit=False))
    with trace.get_tracer("theirs").start_as_current_span("request") as request:
        innermost("question")
    call = recorded.only(store)
    assert (call.status, call.start["trace"]) == ("ok", f"{request.get_span_context().trace_id:032x}")


def test_a_disabled_sdk_does_not_stop_the_recording(store: Path) -> None:
    """`OTEL_SDK_DISABLED` is about their exports, not about Treadle's records."""
    source = "import treadle\n@treadle.trace\ndef f(n): return n and f(n - 1)\nf(2)"
    python(source, OTEL_SDK_DISABLED="true")
    (root,) = recorded.roots(store)
    assert root.tree == ["f", ["f", ["f"]]]
    assert len(root.start["trace"]) == 32
    assert int(root.start["trace"], 16) > 0


def test_a_seeded_program_draws_its_own_numbers(store: Path) -> None:
    """Without a provider, ids come from a generator of ours: the program draws what it draws alone, ids are new."""
    source = "import random\n{}def draw():\n    return random.getrandbits(32)\nrandom.seed(1)\nprint(draw(), draw())"
    alone = python(source.format(""))
    assert [python(source.format("import treadle\n@treadle.trace\n")) for _ in range(2)] == [alone, alone]
    assert len({root.start["trace"] for root in recorded.roots(store)}) == 4
