"""What instrumentations call things: each dialect's attributes as our columns."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from storage.journals import span_id, trace_id
from storage.otlp_made import imported, lines_file, made_span, message
from treadle_storage.dialects import columns_from
from treadle_storage.store import Store

LANGFUSE = Path(os.environ.get("TREADLE_LANGFUSE") or Path(__file__).parents[3] / "shared/corpora/langfuse")
ASKED, SAID = [("user", "Where is Oslo?")], [("assistant", "In Norway.")]
PARTS_IN = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "Where is Oslo?"}]}])
PARTS_OUT = json.dumps(
    [{"role": "assistant", "parts": [{"type": "text", "content": "In Norway."}], "finish_reason": "stop"}]
)
TOKENS = {"input_tokens": 12, "output_tokens": 3}
MODEL_CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "gen_ai": (
        {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o",
         "gen_ai.input.messages": PARTS_IN, "gen_ai.output.messages": PARTS_OUT, "gen_ai.usage.input_tokens": 12,
         "gen_ai.usage.output_tokens": 3, "gen_ai.conversation.id": "s1"},
        {"session_id": "s1", "provider": "openai", **TOKENS},
    ),
    "openinference": (
        {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "OpenAI",
         "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "Where is Oslo?",
         "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "In Norway.",
         "llm.token_count.prompt": 12, "llm.token_count.completion": 3, "llm.cost.total": 0.5, "session.id": "s1",
         "llm.invocation_parameters": '{"temperature": 0.2}'},
        {"session_id": "s1", "provider": "openai", "cost_usd": 0.5, "temperature": 0.2, **TOKENS},
    ),
    "openllmetry, old": (
        {"llm.request.type": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o",
         "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Where is Oslo?",
         "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "In Norway.",
         "gen_ai.usage.prompt_tokens": 12, "gen_ai.usage.completion_tokens": 3,
         "traceloop.association.properties.session_id": "s1"},
        {"session_id": "s1", "provider": "openai", **TOKENS},
    ),
    "vercel": (
        {"ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4o", "ai.model.provider": "openai.chat",
         "ai.prompt.messages": '[{"role":"user","content":[{"type":"text","text":"Where is Oslo?"}]}]',
         "ai.response.text": "In Norway.", "ai.usage.promptTokens": 12, "ai.usage.completionTokens": 3,
         "ai.telemetry.metadata.sessionId": "s1"},
        {"session_id": "s1", "provider": "openai", **TOKENS},
    ),
    "logfire's events": (
        {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 12,
         "events": '[{"event.name":"gen_ai.user.message","content":"Where is Oslo?","role":"user"},'
                   '{"event.name":"gen_ai.choice","index":0,"message":{"role":"assistant","content":"In Norway."}}]',
         "gen_ai.usage.output_tokens": 3, "operation.cost": 0.25},
        {"cost_usd": 0.25, **TOKENS},
    ),
    "mlflow": (
        {"mlflow.spanType": '"CHAT_MODEL"', "mlflow.llm.model": '"gpt-4o"', "mlflow.trace.session": '"s1"',
         "mlflow.spanInputs": '{"messages":[{"role":"user","content":"Where is Oslo?"}]}',
         "mlflow.spanOutputs": '{"choices":[{"message":{"role":"assistant","content":"In Norway."}}]}',
         "mlflow.chat.tokenUsage": '{"input_tokens":12,"output_tokens":3}', "mlflow.llm.cost": '{"total_cost":0.5}'},
        {"session_id": "s1", "cost_usd": 0.5, **TOKENS},
    ),
    "langfuse": (
        {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o", "session.id": "s1",
         "langfuse.observation.input": '[{"role":"user","content":"Where is Oslo?"}]',
         "langfuse.observation.output": '{"role":"assistant","content":"In Norway."}',
         "langfuse.observation.usage_details": '{"input":12,"output":3}',
         "langfuse.observation.cost_details": '{"total":0.5}'},
        {"session_id": "s1", "cost_usd": 0.5, **TOKENS},
    ),
}  # fmt: skip


def test_a_model_call_reads_the_same_in_every_dialect(opened: Store, tmp_path: Path) -> None:
    """Kind, model, tokens, cost, session and conversation are found wherever an instrumentation puts them."""
    spans = [made_span(at, attributes=told) for at, (told, _) in enumerate(MODEL_CALLS.values())]
    imported(opened, lines_file(tmp_path / "a.jsonl", message(*spans)))
    for at, (dialect, (told, expected)) in enumerate(MODEL_CALLS.items()):
        step = opened.step(trace_id(1), span_id(at))
        assert (step.kind, step.model) == ("llm", "gpt-4o"), dialect
        names = ", ".join(expected)
        (row,) = opened.sql(f"select {names} from spans where span_id = '{span_id(at)}'")
        assert dict(zip(expected, row, strict=True)) == expected, dialect
        messages = opened.messages(trace_id(1), span_id(at))
        read = {
            way: [(each.role, each.content) for each in messages if each.direction == way]
            for way in ("input", "output")
        }
        assert read == {"input": ASKED, "output": SAID}, dialect
        assert isinstance(step.attributes, dict)
        assert step.attributes.items() >= told.items(), dialect


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"gen_ai.operation.name": "execute_tool"}, "tool"),
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.prompt.0.content": "x"}, "agent"),
        ({"gen_ai.operation.name": "embeddings"}, "embedding"),
        ({"gen_ai.operation.name": "retrieval"}, "retriever"),
        ({"gen_ai.response.model": "gpt-4o", "gen_ai.usage.output_tokens": 1}, "llm"),
        ({"openinference.span.kind": "RERANKER"}, "reranker"),
        ({"openinference.span.kind": "AGENT", "gen_ai.operation.name": "chat"}, "agent"),
        ({"traceloop.span.kind": "workflow"}, "chain"),
        ({"ai.operationId": "ai.generateText"}, "chain"),
        ({"ai.operationId": "ai.toolCall"}, "tool"),
        ({"ai.operationId": "ai.embed.doEmbed"}, "embedding"),
        ({"mlflow.spanType": '"RETRIEVER"'}, "retriever"),
        ({"langfuse.observation.type": "evaluator"}, "evaluator"),
        ({"http.request.method": "GET"}, None),
        ({"openinference.span.kind": "SOMETHING"}, None),
    ],
)
def test_kinds_are_told_by_what_a_dialect_calls_them(told: dict[str, Any], kind: str | None) -> None:
    """A dialect's own kind comes first, then the operation; what says neither is left alone."""
    assert columns_from(told).get("kind") == kind


def test_tool_calls_keep_their_names_and_arguments(opened: Store, tmp_path: Path) -> None:
    """A flattened tool call and a part of one are the same part of a message."""
    prefix = "llm.output_messages.0.message"
    flattened = {
        "openinference.span.kind": "LLM", f"{prefix}.role": "assistant",
        f"{prefix}.tool_calls.0.tool_call.id": "c1",
        f"{prefix}.tool_calls.0.tool_call.function.name": "look_up",
        f"{prefix}.tool_calls.0.tool_call.function.arguments": '{"city":"Oslo"}',
    }  # fmt: skip
    part = {"type": "tool_call", "id": "c1", "name": "look_up", "arguments": {"city": "Oslo"}}
    parts = json.dumps([{"role": "assistant", "parts": [part]}])
    current = {"gen_ai.operation.name": "chat", "gen_ai.output.messages": parts}
    spans = (made_span(1, attributes=flattened), made_span(2, attributes=current))
    imported(opened, lines_file(tmp_path / "a.jsonl", message(*spans)))
    assert [opened.messages(trace_id(1), span_id(at))[-1].parts for at in (1, 2)] == [[part], [part]]


@pytest.mark.skipif(not LANGFUSE.is_dir(), reason="the corpus of real traces is not on this machine")
def test_attributes_of_ten_frameworks_are_read() -> None:
    """Every model call of real traces is known as one, with its model."""
    read, calls = 0, 0
    for path in sorted(LANGFUSE.glob("*.trace.json")):
        for held in json.loads(path.read_text())["observations"]:
            metadata = held["metadata"]
            metadata = json.loads(metadata) if isinstance(metadata, str) else metadata
            told = (metadata or {}).get("attributes") or {}
            told = json.loads(told) if isinstance(told, str) else told
            columns = columns_from(told)
            if held["type"] == "GENERATION" and told and told.get("ai.operationId") != "ai.generateText":
                calls += 1
                read += columns.get("kind") == "llm" and "model" in columns
    assert (calls, read) == (20, 20)
