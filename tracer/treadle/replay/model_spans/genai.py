"""OpenTelemetry's GenAI semantic conventions, as of 1.44: messages with parts, as JSON or as they are."""

from typing import Any

from treadle import semconv
from treadle.replay.model_spans.held import Attributes, Held, Message, Part, items_of, parsed, text_of

_PARAMETERS = {
    semconv.REQUEST_TEMPERATURE: "temperature",
    semconv.REQUEST_TOP_P: "top_p",
    "gen_ai.request.top_k": "top_k",
    semconv.REQUEST_MAX_TOKENS: "max_tokens",
    semconv.REQUEST_FREQUENCY_PENALTY: "frequency_penalty",
    semconv.REQUEST_PRESENCE_PENALTY: "presence_penalty",
    semconv.REQUEST_SEED: "seed",
    "gen_ai.openai.request.seed": "seed",
    "gen_ai.request.reasoning.level": "reasoning_effort",
    "gen_ai.embeddings.dimension.count": "dimensions",
}


def read(attributes: Attributes) -> Held:
    """Return what the current names tell of a request."""
    system = tuple(_part(part) for part in items_of(attributes.get("gen_ai.system_instructions")))
    said = tuple(message_of(item) for item in items_of(attributes.get("gen_ai.input.messages")))
    return Held(
        model=text_of(attributes.get(semconv.REQUEST_MODEL)),
        answering_model=text_of(attributes.get(semconv.RESPONSE_MODEL)),
        messages=((Message("system", system), *said) if system else said) if said else None,
        tools=tuple(map(parsed, items_of(attributes.get("gen_ai.tool.definitions")))),
        parameters=_parameters(attributes),
        answer=tuple(message_of(item) for item in items_of(attributes.get("gen_ai.output.messages"))),
    )


def message_of(item: Any) -> Message | None:
    """Return a message; one of the OpenAI API has content where the convention has parts."""
    if not isinstance(item, dict) or not isinstance(item.get("role"), str):
        return None
    parts = item.get("parts")
    if parts is None:
        parts = [item["content"]] if isinstance(item.get("content"), str) else None
    if not isinstance(parts, list):
        return None
    return Message(item["role"], tuple(_part(part) for part in parts), text_of(item.get("name")))


def _part(part: Any) -> Part:
    if isinstance(part, str):
        return {"type": "text", "content": part}
    if not isinstance(part, dict):
        return {"type": "unknown", "content": part}
    if part.get("type") == "tool_call_response" and "response" not in part and "result" in part:
        return {**part, "response": part["result"]}
    return part


def _parameters(attributes: Attributes) -> dict[str, Any]:
    found = {
        name: attributes[attribute] for attribute, name in _PARAMETERS.items() if attributes.get(attribute) is not None
    }
    stops = parsed(attributes.get("gen_ai.request.stop_sequences"))
    if stops:
        found["stop"] = list(stops) if isinstance(stops, list | tuple) else [str(stops)]
    encodings = items_of(attributes.get("gen_ai.request.encoding_formats"))
    if encodings:
        found["encoding_format"] = encodings[0]
    choices = attributes.get(semconv.REQUEST_CHOICES)
    if choices not in (None, 1):
        found["n"] = choices
    if attributes.get("gen_ai.output.type") == "json":
        found["response_format"] = {"type": "json_object"}
    return found
