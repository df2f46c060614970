"""Vercel's AI SDK: `ai.*`. Its outer spans hold the totals of those inside them, and are chains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects.reading import (
    as_json,
    first_count,
    first_number,
    first_text,
    parsed,
    parsed_list,
    parsed_object,
    without_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = ("ai.",)
_SESSIONS = ("sessionId", "session_id", "threadId", "chatId")
_USERS = ("userId", "user_id")
_CONTEXTS = ("ai.telemetry.metadata.", "ai.settings.context.")


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read a span of the AI SDK."""
    operation = attributes.get("ai.operationId")
    kind = _kind(operation) if isinstance(operation, str) else None
    return without_nothing({
        "kind": kind,
        "model": first_text(attributes, ("ai.model.id", "ai.response.model")),
        "provider": _provider(attributes),
        "input_tokens": first_count(attributes, ("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens")),
        "output_tokens": first_count(attributes, ("ai.usage.outputTokens", "ai.usage.completionTokens")),
        "cache_read_tokens": first_count(
            attributes, ("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens")
        ),
        "cache_write_tokens": first_count(attributes, ("ai.usage.inputTokenDetails.cacheWriteTokens",)),
        "reasoning_tokens": first_count(
            attributes, ("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens")
        ),
        "temperature": first_number(attributes, ("ai.settings.temperature",)),
        "finish_reason": first_text(attributes, ("ai.response.finishReason",)),
        "session_id": first_text(attributes, _named(_SESSIONS)),
        "user_id": first_text(attributes, _named(_USERS)),
        "input": as_json(_input(attributes)),
        "output": as_json(_output(attributes, kind)),
    })  # fmt: skip


def _kind(operation: str) -> str:
    if operation == "ai.toolCall":
        return "tool"
    if "embed" in operation.lower():
        return "embedding" if ".do" in operation else "chain"
    if "rerank" in operation.lower():
        return "reranker" if ".do" in operation else "chain"
    return "llm" if ".do" in operation else "chain"


def _provider(attributes: Mapping[str, Any]) -> str | None:
    """Return `openai` of `openai.chat`: the rest is which of its endpoints."""
    named = first_text(attributes, ("ai.model.provider",))
    return named.partition(".")[0] if named else None


def _named(names: tuple[str, ...]) -> list[str]:
    return [context + name for context in _CONTEXTS for name in names]


def _input(attributes: Mapping[str, Any]) -> Any:
    messages = parsed_list(attributes.get("ai.prompt.messages"))
    if messages:
        return {"messages": [_message(message) for message in messages]}
    for name in ("ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"):
        if name in attributes:
            return parsed(attributes[name])
    return None


def _output(attributes: Mapping[str, Any], kind: str | None) -> Any:
    text = first_text(attributes, ("ai.response.text", "ai.result.text"))
    calls = parsed_list(attributes.get("ai.response.toolCalls", attributes.get("ai.result.toolCalls")))
    reasoning = first_text(attributes, ("ai.response.reasoning",))
    if kind == "llm" and (text or calls or reasoning):
        parts = [{"type": "reasoning", "content": reasoning}] if reasoning else []
        parts += [{"type": "text", "content": text}] if text else []
        return [{"role": "assistant", "parts": [*parts, *(_called(call) for call in calls)]}]
    for name in ("ai.response.object", "ai.result.object", "ai.toolCall.result"):
        if name in attributes:
            return parsed(attributes[name])
    return text or calls or None


def _message(message: Any) -> Any:
    """Return a message with the SDK's parts in OpenTelemetry's words; their `content` becomes `parts`."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    kept = {name: value for name, value in message.items() if name != "content"}
    return kept | {"parts": [_part(part) for part in content]}


def _part(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    match part.get("type"):
        case "text" | "reasoning":
            return {"type": part["type"], "content": part.get("text")}
        case "tool-call":
            return _called(part)
        case "tool-result":
            result = part.get("output", part.get("result"))
            return {"type": "tool_call_response", "id": part.get("toolCallId"), "response": result}
        case _:
            return part


def _called(call: Any) -> Any:
    held = parsed_object(call)
    given = parsed(held.get("input", held.get("args")))
    return {"type": "tool_call", "id": held.get("toolCallId"), "name": held.get("toolName"), "arguments": given}
