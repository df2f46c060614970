"""The request that a model's span holds, read from each dialect."""

import json
from typing import Any

import pytest

from spans_held import GENAI, OPENINFERENCE, OPENLLMETRY, WEATHER, Span, request
from treadle.replay.model_spans.reading import is_model_span, provider_of

TOOL_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
WEATHER_TOOL = {"type": "function", "function": {"name": "weather", "description": "Of a city", "parameters": WEATHER}}


def test_the_current_conventions_are_a_request() -> None:
    """System instructions, parts of messages, tools and parameters are where the API has them, and nothing else is."""
    assert request(GENAI) == {
        "model": "gpt-x",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Weather in Ulm?"},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [TOOL_CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"sky": "grau"}'},
        ],
        "tools": [WEATHER_TOOL],
        "temperature": 0.5,
        "max_tokens": 100,
        "reasoning_effort": "low",
        "stop": ["END", "\n\n"],
    }


def test_attributes_that_are_no_text_are_read_alike() -> None:
    """On events and from some exporters messages are lists, not JSON in a text."""
    lists = {name: json.loads(value) if name.startswith(("gen_ai.in", "gen_ai.sys", "gen_ai.tool")) else value
             for name, value in GENAI.items()}  # fmt: skip
    assert request(lists) == request(GENAI)


def test_openinference_is_a_request() -> None:
    """Numbered messages with contents and tool calls; how the request travelled is left out."""
    assert request(OPENINFERENCE) == {
        "model": "gpt-x",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Weather here?"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/sky.png"}},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "grau"},
        ],
        "tools": [{"type": "function", "function": {"name": "weather"}}],
        "temperature": 0.5,
        "max_tokens": 100,
    }


def test_openllmetry_of_old_is_a_request() -> None:
    """Prompts by number, contents that are JSON of the API, functions by number."""
    assert request(OPENLLMETRY) == {
        "model": "gpt-x",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "grau"},
        ],
        "tools": [WEATHER_TOOL],
        "temperature": 0.5,
    }


RAW: dict[str, Any] = {
    "model": "gpt-x",
    "messages": [{"role": "user", "content": "hello"}],
    "response_format": {"type": "json_object"},
}


@pytest.mark.parametrize("where", ["an attribute", "the input"])
def test_a_request_that_was_recorded_as_it_was_is_that(where: str) -> None:
    """What only the API knows is in it; that it was streamed is not asked again; attributes tell what it lacks."""
    raw = json.dumps({**RAW, "stream": True, "stream_options": {"include_usage": True}})
    more = {"gen_ai.request.temperature": 0, "gen_ai.request.model": "gpt-x"}
    held = (
        request({"input.value": raw, **more}) if where == "an attribute" else request(more, input_tagged=raw.encode())
    )
    assert held == {**RAW, "temperature": 0}


def test_a_request_keeps_the_tags_that_it_was_recorded_with() -> None:
    """What stands in a blob, or in the environment, is read where it is sent."""
    tagged = b'{"model":"m","messages":[{"role":"user","content":{"$":"blob","v":"abc","of":"str","size":70000}}]}'
    held = request({}, input_tagged=tagged)
    assert held["messages"][0]["content"] == {"$": "blob", "v": "abc", "of": "str", "size": 70000}


def test_a_tag_in_what_was_said_is_none() -> None:
    """A tool's schema that somebody wrote cannot name a variable of the environment."""
    tool = {"type": "function", "name": "t", "parameters": {"$": "env", "v": "OPENAI_API_KEY"}}
    held = request({**GENAI, "gen_ai.tool.definitions": json.dumps([tool])})
    assert held["tools"][0]["function"]["parameters"] == {"$": "dict", "v": [["$", "env"], ["v", "OPENAI_API_KEY"]]}


def test_a_dialect_of_its_own_comes_before_the_conventions_and_those_before_a_request() -> None:
    """Instrumentations write two at once; each thing comes from the first that tells it."""
    raw = {"input.value": json.dumps({"model": "raw", "messages": [{"role": "user", "content": "raw"}]})}
    both = {**GENAI, **OPENINFERENCE, **raw}
    assert request(both)["messages"] == request(OPENINFERENCE)["messages"]
    assert request(both)["stop"] == ["END", "\n\n"]
    assert request({**GENAI, **raw})["messages"] == request(GENAI)["messages"]


def test_the_model_that_was_asked_for_comes_before_the_one_that_answered() -> None:
    """Across dialects too; the user's comes before both."""
    answering = {name: value for name, value in GENAI.items() if name != "gen_ai.request.model"}
    assert request({**GENAI, "llm.model_name": "answering"})["model"] == "gpt-x"
    assert request(answering)["model"] == "gpt-x-2026"
    assert request(answering, model="mine")["model"] == "mine"


EMBEDDING = {"openinference.span.kind": "EMBEDDING", "embedding.model_name": "embed-x"}


def test_texts_to_be_embedded_are_a_request() -> None:
    """Of each dialect that has them."""
    texts = {f"embedding.embeddings.{at}.embedding.text": text for at, text in enumerate(("one", "two"))}
    assert request({**EMBEDDING, **texts}, kind="embedding") == {"model": "embed-x", "input": ["one", "two"]}
    old = {"gen_ai.request.model": "embed-x", "gen_ai.prompt.0.content": "one", "gen_ai.embeddings.dimension.count": 3}
    assert request(old, kind="embedding") == {"model": "embed-x", "input": "one", "dimensions": 3}
    raw = {**EMBEDDING, "input.value": json.dumps({"input": ["one"], "encoding_format": "base64"})}
    assert request(raw, kind="embedding") == {"model": "embed-x", "input": ["one"], "encoding_format": "base64"}
    named = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "embed-x", "gen_ai.prompt.0.content": "one"}
    assert request(named) == {"model": "embed-x", "input": "one"}


def test_what_is_asked_again_is_a_models_span_without_a_function() -> None:
    """Any other step is called again as what it is."""
    assert is_model_span(Span())
    assert is_model_span(Span(kind="embedding"))
    assert not is_model_span(Span(kind="tool"))
    assert provider_of(Span(attributes={"gen_ai.system": "Anthropic"})) == "anthropic"
    assert provider_of(Span(attributes={"llm.provider": "groq", "gen_ai.system": "openai"})) == "groq"
    assert provider_of(Span(attributes=None)) is None
