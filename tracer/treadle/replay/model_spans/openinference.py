"""OpenInference: lists written as numbered attributes, `llm.input_messages.0.message.role`."""

from typing import Any

from treadle.replay.model_spans.held import (
    Attributes,
    Held,
    Message,
    Part,
    items_of,
    mapping_of,
    numbered,
    parsed,
    text_of,
)

_NO_PARAMETERS = frozenset(
    {"model", "model_name", "messages", "input", "stream", "stream_options", "extra_headers", "extra_query", "timeout",
     "http_options", "system_instruction", "tools"}
)  # fmt: skip
"""What stands among the parameters, and is told elsewhere, or is how the request travelled."""


def read(attributes: Attributes) -> Held:
    """Return what OpenInference's names tell of a request."""
    parameters = (
        mapping_of(attributes.get("llm.invocation_parameters"))
        or mapping_of(attributes.get("embedding.invocation_parameters"))
        or {}
    )
    asked = (attributes.get("llm.request.model_name"), parameters.get("model"), attributes.get("embedding.model_name"))
    return Held(
        model=next(filter(None, map(text_of, asked)), None),
        answering_model=text_of(attributes.get("llm.model_name")),
        messages=_messages(attributes, "llm.input_messages"),
        texts=_texts(attributes),
        tools=tuple(map(_tool, numbered(attributes, "llm.tools"))) or tuple(items_of(parameters.get("tools"))),
        parameters={name: value for name, value in parameters.items() if _is_parameter(name, value)},
        answer=_messages(attributes, "llm.output_messages") or _vectors(attributes),
    )


def _is_parameter(name: str, value: Any) -> bool:
    return value is not None and name not in _NO_PARAMETERS and not name.startswith("_")


def _messages(attributes: Attributes, prefix: str) -> tuple[Message | None, ...]:
    return tuple(_message(held) if held is not None else None for held in numbered(attributes, prefix))


def _message(held: dict[str, Any]) -> Message | None:
    role = text_of(held.get("message.role"))
    content = held.get("message.content")
    if role is None:
        return None
    if role == "tool" and (identity := text_of(held.get("message.tool_call_id"))):
        return Message(role, ({"type": "tool_call_response", "id": identity, "response": content},))
    parts = [{"type": "text", "content": content}] if content is not None else []
    parts += [_content(part) for part in numbered(held, "message.contents")]
    parts += [_tool_call(call) for call in numbered(held, "message.tool_calls")]
    return Message(role, tuple(parts), text_of(held.get("message.name"))) if parts else None


def _content(held: dict[str, Any] | None) -> Part:
    held = held or {}
    kind = held.get("message_content.type")
    if kind == "text":
        return {"type": "text", "content": held.get("message_content.text")}
    if kind == "image":
        return {"type": "uri", "modality": "image", "uri": held.get("message_content.image.image.url")}
    return {"type": kind or "unknown"}


def _tool_call(held: dict[str, Any] | None) -> Part:
    held = held or {}
    return {
        "type": "tool_call",
        "id": held.get("tool_call.id"),
        "name": held.get("tool_call.function.name"),
        "arguments": held.get("tool_call.function.arguments", "{}"),
    }


def _tool(held: dict[str, Any] | None) -> Any:
    return parsed((held or {}).get("tool.json_schema"))


def _texts(attributes: Attributes) -> list[Any] | None:
    return [(held or {}).get("embedding.text") for held in numbered(attributes, "embedding.embeddings")] or None


def _vectors(attributes: Attributes) -> list[Any] | None:
    vectors = [(held or {}).get("embedding.vector") for held in numbered(attributes, "embedding.embeddings")]
    return [parsed(vector) for vector in vectors] if vectors and None not in vectors else None
