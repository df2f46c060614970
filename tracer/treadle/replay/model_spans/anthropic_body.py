"""A request as the Anthropic API takes it: the system apart, and a limit of tokens always."""

from typing import Any

from treadle.errors import NotReplayableError
from treadle.replay.model_spans.held import Held, Message, Part, arguments_text, mapping_of

MOST_TOKENS = 4096
"""What an answer may have where the span does not say: the API asks for a limit."""
SYSTEM_ROLES = ("system", "developer")
_NAMES = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}
"""The API's own names of what others call otherwise."""
Block = dict[str, Any]


def chat(held: Held, messages: tuple[Message, ...]) -> dict[str, Any]:
    """Return the body of a message.

    Raises:
        NotReplayableError: a message holds what this API has no place for.

    """
    first = next((at for at, message in enumerate(messages) if message.role not in SYSTEM_ROLES), len(messages))
    body: dict[str, Any] = {"messages": _turns(messages[first:])}
    system = [_block(part) for message in messages[:first] for part in message.parts]
    if system:
        body["system"] = _joined(system)
    return {**body, **options(held)}


def options(held: Held) -> dict[str, Any]:
    """Return the tools and the parameters under the names of this API, a limit of tokens among them."""
    tools = {"tools": [_tool(tool) for tool in held.tools]} if held.tools else {}
    parameters = {_NAMES.get(name, name): value for name, value in (held.parameters or {}).items()}
    return {**tools, "max_tokens": MOST_TOKENS, **parameters}


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Return the messages; the answers of tools, and what is said after them, are one message of the user."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role in SYSTEM_ROLES:
            raise NotReplayableError("a system message in the middle has no place in this API")
        role = "assistant" if message.role == "assistant" else "user"
        blocks = [_block(part) for part in message.parts if part.get("type") != "reasoning"]
        before = turns[-1]["content"] if turns and turns[-1]["role"] == role == "user" else []
        if any(block["type"] == "tool_result" for block in before):
            before += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return [{**turn, "content": _joined(turn["content"])} for turn in turns]


def _joined(blocks: list[Block]) -> Any:
    return blocks[0]["text"] if len(blocks) == 1 and blocks[0]["type"] == "text" else blocks


def _block(part: Part) -> Block:
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "text": part["content"]}
    if kind == "tool_call":
        given = mapping_of(part.get("arguments"))
        if given is None:
            raise NotReplayableError(f"the arguments of the tool call {part.get('name')!r} are no JSON object")
        return {"type": "tool_use", "id": part.get("id"), "name": part.get("name"), "input": given}
    if kind == "tool_call_response":
        response = part.get("response")
        content = "" if response is None else arguments_text(response)
        return {"type": "tool_result", "tool_use_id": part.get("id"), "content": content}
    return {"type": _media_type(part), "source": _source(part)}


def _media_type(part: Part) -> str:
    modality = part.get("modality")
    if modality in ("image", "document") and part.get("type") in ("uri", "blob"):
        return str(modality)
    shown = f" ({modality})" if modality else ""
    raise NotReplayableError(f"a part of type {part.get('type')!r}{shown} has no place in this API")


def _source(part: Part) -> Block:
    if part["type"] == "uri":
        return {"type": "url", "url": part.get("uri")}
    usual = "image/png" if part["modality"] == "image" else "application/pdf"
    return {"type": "base64", "media_type": part.get("mime_type") or usual, "data": part.get("content")}


def _tool(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    function = tool["function"] if isinstance(tool.get("function"), dict) else tool
    if "input_schema" in function or tool.get("type") not in (None, "function"):
        return tool
    described = {name: function[name] for name in ("name", "description") if function.get(name) is not None}
    return {**described, "input_schema": function.get("parameters") or {"type": "object", "properties": {}}}
