"""Model spans as instrumentations write them, one a dialect, and what is read of them."""

import json
from dataclasses import dataclass, field
from typing import Any

from treadle.model import Function, Json
from treadle.replay.model_spans.reading import request_of


@dataclass(frozen=True, kw_only=True)
class Span:
    """What is read of a recorded span."""

    name: str = "chat gpt-x"
    kind: str = "llm"
    function: Function | None = None
    attributes: Json = field(default_factory=dict)
    input_tagged: bytes | None = b"{}"


def request(attributes: dict[str, Any], *, model: str | None = None, **fields: Any) -> Any:
    """Return the request that a span with these attributes holds."""
    return json.loads(request_of(Span(attributes=attributes, **fields), model=model))


WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
ASKED_WEATHER = [
    {"role": "user", "parts": [{"type": "text", "content": "Weather in Ulm?"}]},
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "They want the weather."},
            {"type": "text", "content": "Let me see."},
            {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Ulm"}},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": {"sky": "grau"}}]},
]
GENAI: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-x",
    "gen_ai.response.model": "gpt-x-2026",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 100,
    "gen_ai.request.stop_sequences": ["END", "\n\n"],
    "gen_ai.request.choice.count": 1,
    "gen_ai.request.reasoning.level": "low",
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
    "gen_ai.input.messages": json.dumps(ASKED_WEATHER),
    "gen_ai.tool.definitions": json.dumps(
        [{"type": "function", "name": "weather", "description": "Of a city", "parameters": WEATHER}]
    ),
    "server.address": "evil.example.com",
}
OPENINFERENCE: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.model_name": "gpt-x-2026",
    "llm.invocation_parameters": json.dumps(
        {"model": "gpt-x", "temperature": 0.5, "max_tokens": 100, "top_p": None, "stream": True, "_type": "openai-chat"}
    ),
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be brief.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "Weather here?",
    "llm.input_messages.1.message.contents.1.message_content.type": "image",
    "llm.input_messages.1.message.contents.1.message_content.image.image.url": "https://example.com/sky.png",
    "llm.input_messages.2.message.role": "assistant",
    "llm.input_messages.2.message.tool_calls.0.tool_call.id": "call_1",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.name": "weather",
    "llm.input_messages.2.message.tool_calls.0.tool_call.function.arguments": '{"city": "Ulm"}',
    "llm.input_messages.3.message.role": "tool",
    "llm.input_messages.3.message.tool_call_id": "call_1",
    "llm.input_messages.3.message.content": "grau",
    "llm.tools.0.tool.json_schema": json.dumps({"type": "function", "function": {"name": "weather"}}),
    "input.value": "ChatOpenAI(...)",
}
OPENLLMETRY: dict[str, Any] = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-x",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": json.dumps(
        [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        ]
    ),
    "gen_ai.prompt.2.role": "assistant",
    "gen_ai.prompt.2.tool_calls.0.id": "call_1",
    "gen_ai.prompt.2.tool_calls.0.name": "weather",
    "gen_ai.prompt.2.tool_calls.0.arguments": '{"city": "Ulm"}',
    "gen_ai.prompt.3.role": "tool",
    "gen_ai.prompt.3.tool_call_id": "call_1",
    "gen_ai.prompt.3.content": "grau",
    "llm.request.functions.0.name": "weather",
    "llm.request.functions.0.description": "Of a city",
    "llm.request.functions.0.parameters": json.dumps(WEATHER),
}
