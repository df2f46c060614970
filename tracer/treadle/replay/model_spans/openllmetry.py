"""OpenLLMetry before it took the conventions up: `gen_ai.prompt.0.role`, and a text to be embedded among them."""

from typing import Any

from treadle.replay.model_spans.held import Attributes, Held, Message, Part, numbered, parsed, text_of


def read(attributes: Attributes) -> Held:
    """Return what OpenLLMetry's names tell of a request."""
    asked = numbered(attributes, "gen_ai.prompt")
    return Held(
        messages=tuple(map(_message, asked)),
        texts=[(held or {}).get("content") for held in asked] or None,
        tools=tuple(map(_tool, numbered(attributes, "llm.request.functions"))),
        answer=tuple(map(_message, numbered(attributes, "gen_ai.completion"))),
    )


def _message(held: dict[str, Any] | None) -> Message | None:
    if held is None or (role := text_of(held.get("role"))) is None:
        return None
    content = held.get("content")
    if role == "tool" and (identity := text_of(held.get("tool_call_id"))):
        return Message(role, ({"type": "tool_call_response", "id": identity, "response": content},))
    parts = _contents(content) if content is not None else []
    parts += map(_tool_call, numbered(held, "tool_calls"))
    return Message(role, tuple(parts)) if parts else None


def _contents(content: Any) -> list[Part]:
    """Return the parts of a content; a list of parts is written as JSON of the API that was asked."""
    items = parsed(content)
    if not isinstance(items, list) or not all(isinstance(item, dict) and "type" in item for item in items):
        return [{"type": "text", "content": content}]
    return [_part(item) for item in items]


def _part(item: dict[str, Any]) -> Part:
    if item["type"] == "text":
        return {"type": "text", "content": item.get("text")}
    image = item.get("image_url")
    if item["type"] == "image_url" and isinstance(image, dict):
        return {"type": "uri", "modality": "image", "uri": image.get("url")}
    return item


def _tool_call(held: dict[str, Any] | None) -> Part:
    held = held or {}
    return {
        "type": "tool_call",
        "id": held.get("id"),
        "name": held.get("name"),
        "arguments": held.get("arguments", "{}"),
    }


def _tool(held: dict[str, Any] | None) -> Any:
    held = held or {}
    described = {name: held[name] for name in ("name", "description") if name in held}
    return {"type": "function", **described, "parameters": parsed(held.get("parameters"))}
