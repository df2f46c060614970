"""What a model said, as two answers are compared by, and the attributes that tell of an answer."""

import json
from typing import Any

import pytest

from model_apis import completion, message, vectors
from treadle.replay.model_spans.answers import answer_attributes, said

CALLED = {"content": "Let me see.", "tool_calls": [{"name": "weather", "arguments": {"city": "Ulm"}}]}
TEXTS: dict[str, tuple[Any, dict[str, Any]]] = {
    "a text": ("hello", {}),
    "a completion": (json.loads(completion("hello").body), {}),
    "a message": (json.loads(message("hello").body), {}),
    "one of the API's messages": ({"role": "assistant", "content": "hello", "refusal": None}, {}),
    "one of the convention's": ({"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}, {}),
    "a list of them": ([{"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}], {}),
    "genai": (None, {"gen_ai.output.messages": '[{"role":"assistant","parts":[{"type":"text","content":"hello"}]}]'}),
    "openinference": (
        None, {"llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "hello"}
    ),
    "openllmetry": (None, {"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "hello"}),
    "a completion in an attribute": (None, {"output.value": completion("hello").body.decode()}),
    "a text in an attribute": (None, {"output.value": "hello"}),
}  # fmt: skip


@pytest.mark.parametrize(("output", "attributes"), TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_the_same_whoever_said_it(output: Any, attributes: dict[str, Any]) -> None:
    """Ids, models and token counts are no part of it."""
    assert said(output, attributes) == "hello"


def test_tool_calls_are_said_too() -> None:
    """By name and arguments; their ids are new each time."""
    theirs = message("Let me see.", calls=(("weather", {"city": "Ulm"}),))
    function = {"name": "weather", "arguments": '{"city":  "Ulm"}'}
    choice = {"message": {"content": "Let me see.", "tool_calls": [{"id": "call_9", "function": function}]}}
    parts = [{"type": "text", "content": "Let me see."}, {"type": "tool_call", "id": "x", **function}]
    attributes = {"gen_ai.output.messages": [{"role": "assistant", "parts": parts}]}
    assert said(json.loads(theirs.body)) == said({"choices": [choice]}) == said(None, attributes) == CALLED


def test_vectors_are_what_an_embedding_says() -> None:
    """In an answer, in a list, and in attributes."""
    body = json.loads(vectors([0.5, 1], [0.25, 2]).body)
    attributes = {f"embedding.embeddings.{at}.embedding.vector": held for at, held in enumerate(([0.5, 1], [0.25, 2]))}
    assert said(body) == said([[0.5, 1], [0.25, 2]]) == said(None, attributes) == [[0.5, 1], [0.25, 2]]
    assert said([0.5, 1]) == [[0.5, 1]]


@pytest.mark.parametrize("output", [None, 7, {}, [], {"text": "hello"}, [{"a": 1}], ["a", 1]])
def test_what_nobody_can_tell_is_not_guessed(output: Any) -> None:
    """An answer that was not recorded, or not as one."""
    assert said(output, {"gen_ai.usage.output_tokens": 3}) is None


def test_an_answer_tells_model_usage_and_reasons() -> None:
    """The conventions count what was cached among the input; odd values are left out."""
    assert answer_attributes(json.loads(completion("hello").body)) == {
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-4o-2024",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 4,
    }
    assert answer_attributes(json.loads(message("hello").body)) == {
        "gen_ai.response.id": "msg_1",
        "gen_ai.response.model": "claude-x-1",
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.usage.input_tokens": 18,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 6,
        "gen_ai.usage.cache_write.input_tokens": 7,
    }
    assert answer_attributes({"choices": 7, "usage": [], "id": 1, "model": None}) == {}
