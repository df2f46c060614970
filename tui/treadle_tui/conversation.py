"""A model call as a conversation: what was said before folded, what is new at full strength."""

import json
from collections.abc import Sequence
from typing import Final

from treadle.model import Event, Json, Message
from treadle_tui.widgets.blocks import Block

_ROLE_TONES: Final = {
    "system": "dim", "developer": "dim", "user": "accent", "assistant": "kind-llm", "model": "kind-llm",
    "tool": "kind-tool", "function": "kind-tool",
}  # fmt: skip
_SHORT_CALL: Final = 72


def repeated_messages(messages: Sequence[Message], earlier: Sequence[Message]) -> int:
    """Return how many messages at the start of a call stood in the earlier call too, its answer among them."""
    inputs = [_content_key(message) for message in messages if message.direction == "input"]
    before = [_content_key(message) for message in earlier]
    same = 0
    for one, other in zip(inputs, before, strict=False):
        if one != other:
            break
        same += 1
    return min(same, max(0, len(inputs) - 1))


def streamed_text(events: Sequence[Event]) -> str:
    """Return what has come of a stream: texts as they are, of chat chunks their content."""
    return "".join(_chunk_text(event.attributes) for event in events if event.name == "chunk")


def conversation(messages: Sequence[Message], *, repeated: int = 0, unfolded: bool = False) -> list[Block]:
    """Return the blocks of a conversation; the first `repeated` messages as one line unless `unfolded`."""
    blocks: list[Block] = []
    if repeated and not unfolded:
        noun = "message" if repeated == 1 else "messages"
        blocks.append(Block(f"{repeated} earlier {noun}", label="▸", label_tone="faint", tone="faint"))
    called = _called_tools(messages)
    for number, message in enumerate(messages):
        if number >= repeated or unfolded:
            name = message.tool_name or called.get(message.tool_call_id or "")
            blocks += _message_blocks(message, tool_name=name, old=number < repeated)
    return blocks


def _called_tools(messages: Sequence[Message]) -> dict[str, str]:
    """Return the names of the tools that the conversation calls, by the call's id."""
    parts = [part for message in messages if isinstance(message.parts, list) for part in message.parts]
    return {str(part.get("id")): str(part.get("name")) for part in parts if isinstance(part, dict) and "name" in part}


def _message_blocks(message: Message, *, tool_name: str | None, old: bool) -> list[Block]:
    is_tool = message.role in {"tool", "function"}
    said: list[Block] = []
    tone = "dim" if old or message.role in {"system", "developer"} else "normal"
    if message.direction == "output":
        tone = "strong"
    if is_tool and tool_name:
        said.append(Block(tool_name, tone="dim", gap=False))
    if message.content:
        text = _indented(message.content) if is_tool else message.content
        said.append(Block(text, tone=tone, language=_language(text), indent=2 * is_tool, gap=False))
    said += _part_blocks(message.parts, tone)
    if not said:
        said.append(Block("(empty)", tone="faint", gap=False))
    label_tone = "faint" if old else _ROLE_TONES.get(message.role, "normal")
    first = said[0]
    head = Block(first.text, message.role, label_tone, first.tone, first.language, first.indent)
    return [head, *said[1:]]


def _part_blocks(parts: Json, tone: str) -> list[Block]:
    if not isinstance(parts, list):
        return []
    blocks: list[Block] = []
    for part in parts:
        if isinstance(part, dict):
            blocks += _part(part, tone)
    return blocks


def _part(part: dict[str, Json], tone: str) -> list[Block]:
    kind = part.get("type")
    if kind == "tool_call":
        return tool_call(str(part.get("name", "?")), part.get("arguments"))
    if kind == "tool_call_response":
        text = _pretty(part.get("response"))
        return [Block(text, tone=tone, language=_language(text), indent=2, gap=False)]
    if kind in {"text", "reasoning"}:
        text = str(part.get("content", ""))
        return [Block(text, tone="dim" if kind == "reasoning" else tone, gap=False)]
    where = part.get("uri") or part.get("file_id") or part.get("mime_type") or ""
    return [Block(f"[{kind or 'part'}] {where}".rstrip(), tone="dim", gap=False)]


def tool_call(name: str, arguments: Json) -> list[Block]:
    """Return a call with its arguments: on one line where it fits, else as indented JSON."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            return [Block(f"{name}({arguments})", tone="kind-tool", gap=False)]
    if isinstance(arguments, dict):
        short = ", ".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in arguments.items())
        if len(name) + len(short) + 2 <= _SHORT_CALL:
            return [Block(f"{name}({short})", tone="kind-tool", language=None, gap=False)]
    return [
        Block(name, tone="kind-tool", gap=False),
        Block(_pretty(arguments), language="json", indent=2, gap=False),
    ]


def _language(text: str) -> str | None:
    """Return what to colour a text as: JSON where all of it is, since a lexer makes a muddle of prose."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        json.loads(text)
    except ValueError:
        return None
    return "json"


def _indented(text: str) -> str:
    """Return JSON indented, where it is JSON and more than a line."""
    if len(text) <= _SHORT_CALL or text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _pretty(value: Json) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False)


def _chunk_text(chunk: Json) -> str:
    if isinstance(chunk, str):
        return chunk
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    content = delta.get("content") if isinstance(delta, dict) else None
    return content if isinstance(content, str) else ""


def _content_key(message: Message) -> tuple[str, str | None, str, str | None]:
    return (message.role, message.content or None, json.dumps(message.parts, sort_keys=True), message.tool_call_id)
