"""OpenLLMetry: `traceloop.*`, and the flattened prompts and completions of its older versions.

Source: https://github.com/traceloop/openllmetry, `opentelemetry-semantic-conventions-ai`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects.reading import as_json, first_count, first_text, parsed, tree_under, without_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = (
    "traceloop.", "gen_ai.prompt", "gen_ai.completion", "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.user", "llm.request.type",
    "llm.prompts.", "llm.completions.", "llm.user",
)  # fmt: skip
_KINDS = {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}
_REQUESTS = {"chat": "llm", "completion": "llm", "embedding": "embedding", "rerank": "reranker"}
_SESSION = "traceloop.association.properties.session_id"
_USER = "traceloop.association.properties.user_id"


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read a span of OpenLLMetry, or of whoever still writes its old names."""
    kind = _KINDS.get(str(attributes.get("traceloop.span.kind"))) or _REQUESTS.get(
        str(attributes.get("llm.request.type"))
    )
    prompts = _messages(attributes, "gen_ai.prompt.") or _messages(attributes, "llm.prompts.")
    answers = _messages(attributes, "gen_ai.completion.") or _messages(attributes, "llm.completions.")
    if kind is None and (prompts or answers) and "gen_ai.operation.name" not in attributes:
        kind = "llm"
    return without_nothing({
        "kind": kind,
        "cache_read_tokens": first_count(attributes, ("gen_ai.usage.cache_read_input_tokens",)),
        "cache_write_tokens": first_count(attributes, ("gen_ai.usage.cache_creation_input_tokens",)),
        "reasoning_tokens": first_count(attributes, ("gen_ai.usage.reasoning_tokens",)),
        "session_id": first_text(attributes, (_SESSION,)),
        "user_id": first_text(attributes, (_USER, "gen_ai.user", "llm.user")),
        "input": as_json({"messages": prompts} if prompts else _input(attributes)),
        "output": as_json(answers or _output(attributes)),
        "finish_reason": _reason(attributes),
    })  # fmt: skip


def _messages(attributes: Mapping[str, Any], prefix: str) -> list[dict[str, Any]]:
    tree = tree_under(attributes, prefix)
    if not isinstance(tree, list):
        return []
    role = "user" if "prompt" in prefix else "assistant"
    return [_message(held, role) for held in tree if isinstance(held, dict) and ("role" in held or "content" in held)]


def _message(held: dict[str, Any], role: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": str(held.get("role") or role)}
    content = parsed(held.get("content"))
    if content is not None:
        message["content"] = content if isinstance(content, list) else held["content"]
    calls = held.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [_call(call) for call in calls if isinstance(call, dict)]
    return message | {name: held[name] for name in ("tool_call_id",) if name in held}


def _call(held: dict[str, Any]) -> dict[str, Any]:
    function = held.get("function")
    if isinstance(function, dict):
        return held
    return {"id": held.get("id"), "function": {"name": held.get("name"), "arguments": held.get("arguments")}}


def _input(attributes: Mapping[str, Any]) -> Any:
    return parsed(attributes.get("traceloop.entity.input", attributes.get("gen_ai.prompt")))


def _output(attributes: Mapping[str, Any]) -> Any:
    return parsed(attributes.get("traceloop.entity.output", attributes.get("gen_ai.completion")))


def _reason(attributes: Mapping[str, Any]) -> str | None:
    return first_text(attributes, ("gen_ai.completion.0.finish_reason", "llm.completions.0.finish_reason"))
