"""A request as the OpenAI API takes it: chat completions and embeddings."""

from collections.abc import Iterator
from typing import Any

from treadle.errors import NotReplayableError
from treadle.replay.model_spans.held import Held, Message, Part, arguments_text

AUDIO_FORMATS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav"}


def chat(held: Held, messages: tuple[Message, ...]) -> dict[str, Any]:
    """Return the body of a chat completion.

    Raises:
        NotReplayableError: a message holds what this API has no place for.

    """
    return {"messages": [said for message in messages for said in _said(message)], **options(held)}


def options(held: Held) -> dict[str, Any]:
    """Return the tools and the parameters."""
    tools = {"tools": [tool_of(tool) for tool in held.tools]} if held.tools else {}
    return {**tools, **(held.parameters or {})}


def embeddings(held: Held) -> dict[str, Any]:
    """Return the body of a request for embeddings."""
    texts = held.texts
    given = texts[0] if isinstance(texts, list) and len(texts) == 1 else texts
    return {"input": given, **(held.parameters or {})}


def tool_of(tool: Any) -> Any:
    """Return a tool's definition, however it was written; what is no function is the server's to understand."""
    if not isinstance(tool, dict) or "function" in tool or not isinstance(tool.get("name"), str):
        return tool
    if tool.get("type") not in (None, "function", "custom"):
        return tool
    described = {name: tool[name] for name in ("name", "description") if tool.get(name) is not None}
    schema = tool.get("parameters", tool.get("input_schema"))
    return {"type": "function", "function": {**described, **({} if schema is None else {"parameters": schema})}}


def _said(message: Message) -> Iterator[dict[str, Any]]:
    """Yield a message; each answer of a tool is one of its own, before what else was said with it."""
    answers = [part for part in message.parts if part.get("type") == "tool_call_response"]
    others = [part for part in message.parts if part.get("type") not in ("tool_call_response", "reasoning")]
    for part in answers:
        yield {"role": "tool", "tool_call_id": part.get("id"), "content": _as_text(part.get("response"))}
    if answers and not others:
        return
    said: dict[str, Any] = {"role": message.role}
    if message.name is not None:
        said["name"] = message.name
    calls = [part for part in others if part.get("type") == "tool_call"]
    contents = [_content(part) for part in others if part.get("type") != "tool_call"]
    said["content"] = _joined(contents) if contents or not calls else None
    if calls:
        said["tool_calls"] = [_tool_call(part) for part in calls]
    yield said


def _joined(contents: list[Any]) -> Any:
    if not contents:
        return ""
    return contents[0]["text"] if len(contents) == 1 and contents[0]["type"] == "text" else contents


def _tool_call(part: Part) -> dict[str, Any]:
    function = {"name": part.get("name"), "arguments": arguments_text(part.get("arguments"))}
    return {"id": part.get("id"), "type": "function", "function": function}


def _content(part: Part) -> dict[str, Any]:
    kind, modality, mime = part.get("type"), part.get("modality"), str(part.get("mime_type") or "")
    if kind == "text":
        return {"type": "text", "text": part["content"]}
    if kind == "file":
        return {"type": "file", "file": {"file_id": part.get("file_id")}}
    if modality == "image" and kind in ("uri", "blob"):
        url = part.get("uri") if kind == "uri" else f"data:{mime or 'image/png'};base64,{part.get('content')}"
        return {"type": "image_url", "image_url": {"url": url}}
    if modality == "audio" and kind == "blob" and mime in AUDIO_FORMATS:
        return {"type": "input_audio", "input_audio": {"data": part.get("content"), "format": AUDIO_FORMATS[mime]}}
    if modality == "document" and kind == "blob":
        data = f"data:{mime or 'application/pdf'};base64,{part.get('content')}"
        return {"type": "file", "file": {"filename": "document", "file_data": data}}
    raise NotReplayableError(f"a part of type {kind!r}{f' ({modality})' if modality else ''} has no place in this API")


def _as_text(value: Any) -> str:
    return "" if value is None else arguments_text(value)
