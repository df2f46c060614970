"""What a span holds, as the API that it goes to takes it."""

import json
from typing import Any

import pytest

from spans_held import GENAI, OPENINFERENCE, WEATHER, request
from treadle.errors import NotReplayableError

CLAUDE = {**GENAI, "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-x"}


def said(*parts: dict[str, Any], role: str = "user", **attributes: Any) -> dict[str, Any]:
    """Return the attributes of a span with one message of these parts."""
    return {**attributes, "gen_ai.request.model": "m", "gen_ai.input.messages": [{"role": role, "parts": [*parts]}]}


def test_the_anthropic_api_has_the_system_apart_and_tools_in_blocks() -> None:
    """The answers of tools are the user's; stops and schemas have other names."""
    assert request(CLAUDE) == {
        "model": "claude-x",
        "messages": [
            {"role": "user", "content": "Weather in Ulm?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Ulm"}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": '{"sky": "grau"}'}],
            },
        ],
        "system": "Be brief.",
        "tools": [{"name": "weather", "description": "Of a city", "input_schema": WEATHER}],
        "temperature": 0.5,
        "max_tokens": 100,
        "reasoning_effort": "low",
        "stop_sequences": ["END", "\n\n"],
    }


def test_the_anthropic_api_is_given_a_limit_where_the_span_tells_none() -> None:
    """It asks for one."""
    held = {name: value for name, value in CLAUDE.items() if name != "gen_ai.request.max_tokens"}
    assert request(held)["max_tokens"] == 4096
    raw = {"gen_ai.system": "anthropic", "input.value": json.dumps({"model": "c", "messages": [{"role": "user"}]})}
    assert request(raw) == {"model": "c", "max_tokens": 4096, "messages": [{"role": "user"}]}


def test_answers_of_several_tools_and_what_is_said_after_them_are_one_message() -> None:
    """The API wants all of them right behind the message that called."""
    calls = [{"type": "tool_call", "id": name, "name": "t", "arguments": {}} for name in ("a", "b")]
    answers = [
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": name, "result": name}]} for name in ("a", "b")
    ]
    held = request(
        {
            **CLAUDE,
            "gen_ai.input.messages": [
                {"role": "assistant", "parts": calls},
                *answers,
                {"role": "user", "parts": [{"type": "text", "content": "so?"}]},
            ],
        }
    )
    assert held["messages"][1:] == [
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "a"},
                {"type": "tool_result", "tool_use_id": "b", "content": "b"},
                {"type": "text", "text": "so?"},
            ],
        }
    ]


BLOB = {"type": "blob", "mime_type": "image/jpeg", "modality": "image", "content": "QUJD"}
URI = {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}
PDF = {"type": "blob", "modality": "document", "content": "QUJD"}
AUDIO = {"type": "blob", "mime_type": "audio/wav", "modality": "audio", "content": "QUJD"}
FILE = {"type": "file", "modality": "document", "file_id": "file-1"}
MIME = "application/pdf"
PARTS: list[tuple[str, dict[str, Any], Any]] = [
    ("openai", BLOB, {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QUJD"}}),
    ("openai", URI, {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}),
    ("openai", PDF, {"type": "file", "file": {"filename": "document", "file_data": f"data:{MIME};base64,QUJD"}}),
    ("openai", AUDIO, {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}),
    ("openai", FILE, {"type": "file", "file": {"file_id": "file-1"}}),
    ("anthropic", BLOB, {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "QUJD"}}),
    ("anthropic", URI, {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
    ("anthropic", PDF, {"type": "document", "source": {"type": "base64", "media_type": MIME, "data": "QUJD"}}),
    ("anthropic", AUDIO, "a part of type 'blob' (audio) has no place in this API"),
    ("anthropic", FILE, "a part of type 'file' (document) has no place in this API"),
    ("anthropic", {"type": "compaction"}, "a part of type 'compaction' has no place in this API"),
    ("openai", {"type": "compaction"}, "a part of type 'compaction' has no place in this API"),
    ("openai", {**URI, "modality": "video"}, "a part of type 'uri' (video) has no place in this API"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "part", "expected"), PARTS)
def test_every_part_is_what_the_api_has_for_it_or_is_refused(
    provider: str, part: dict[str, Any], expected: Any
) -> None:
    """Nothing is left out silently: a request without it would be another."""
    attributes = said({"type": "text", "content": "see"}, part, **{"gen_ai.provider.name": provider})
    if isinstance(expected, str):
        with pytest.raises(NotReplayableError) as refused:
            request(attributes)
        assert str(refused.value) == f"chat gpt-x cannot be asked again: {expected}"
    else:
        assert request(attributes)["messages"][0]["content"] == [{"type": "text", "text": "see"}, expected]


def test_tools_go_where_the_api_has_them_however_they_were_written() -> None:
    """A definition of either API and of the conventions; what is no function is the server's to understand."""
    nested = {"type": "function", "function": {"name": "t", "parameters": WEATHER}}
    flat, theirs = {"type": "function", "name": "t", "parameters": WEATHER}, {"name": "t", "input_schema": WEATHER}
    search = {"type": "web_search_20250305", "name": "web_search"}
    for tool in (nested, flat, theirs):
        tools = {"gen_ai.tool.definitions": [tool, search]}
        assert request({**GENAI, **tools})["tools"] == [nested, search]
        assert request({**CLAUDE, **tools})["tools"] == [theirs, search]


def test_who_speaks_is_who_the_api_knows() -> None:
    """Some providers say `model`; several texts stay several."""
    texts = [{"type": "text", "content": text} for text in ("a", "b")]
    assert request(said(*texts, role="model"))["messages"] == [
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    ]


def test_an_answer_that_was_to_be_json_is_to_be_json() -> None:
    """The conventions tell that, and not its schema."""
    assert request({**GENAI, "gen_ai.output.type": "json"})["response_format"] == {"type": "json_object"}
    assert "response_format" not in request({**OPENINFERENCE, "gen_ai.output.type": "text"})
