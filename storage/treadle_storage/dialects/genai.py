"""OpenTelemetry's GenAI semantic conventions, around v1.44, with the names that were renamed lately.

Source: https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects.reading import as_json, count_of, is_number, parsed, parsed_list

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = ("gen_ai.", "session.", "user.", "enduser.", "service.", "tag.")
KINDS = {
    "chat": "llm", "text_completion": "llm", "generate_content": "llm", "completion": "llm", "fetch_response": "llm",
    "embeddings": "embedding", "embedding": "embedding", "execute_tool": "tool", "retrieval": "retriever",
    "search_memory": "retriever", "rerank": "reranker", "invoke_agent": "agent", "create_agent": "agent",
    "invoke_workflow": "chain", "plan": "chain",
    "create_memory": "tool", "update_memory": "tool", "upsert_memory": "tool", "delete_memory": "tool",
    "create_memory_store": "tool", "delete_memory_store": "tool",
}  # fmt: skip
"""Our kind by `gen_ai.operation.name`."""
_TEXTS = {
    "gen_ai.request.model": "model",
    "gen_ai.response.model": "model",
    "gen_ai.provider.name": "provider",
    "gen_ai.system": "provider",
    "session.id": "session_id",
    "gen_ai.conversation.id": "session_id",
    "user.id": "user_id",
    "enduser.id": "user_id",
    "service.name": "service",
}
_COUNTS = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.prompt_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.completion_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
}
_CONTENT = frozenset({
    "gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result", "gen_ai.retrieval.query.text", "gen_ai.memory.query.text", "gen_ai.retrieval.documents",
})  # fmt: skip
_MODELS = frozenset({"gen_ai.request.model", "gen_ai.response.model"})
_RANK = {name: rank for rank, name in enumerate((*_TEXTS, *_COUNTS))}
"""Where two names fill one column, the earlier wins: the current one, and the requested model."""


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read the current names first, then the renamed ones."""
    found: dict[str, Any] = {}
    for name in sorted(attributes.keys() & _RANK.keys(), key=_RANK.__getitem__):
        value = attributes[name]
        if name in _COUNTS:
            if (count := count_of(value)) is not None:
                found.setdefault(_COUNTS[name], count)
        elif isinstance(value, str) and value:
            found.setdefault(_TEXTS[name], value)
    temperature = attributes.get("gen_ai.request.temperature")
    if is_number(temperature):
        found["temperature"] = float(temperature)
    reasons = parsed(attributes.get("gen_ai.response.finish_reasons"))
    reason = reasons[0] if isinstance(reasons, list) and reasons else reasons
    if isinstance(reason, str) and reason:
        found["finish_reason"] = reason
    tags = attributes.get("tag.tags")
    if isinstance(tags, list) and tags:
        found["tags"] = [str(tag) for tag in tags]
    return found | _told_of_the_step(attributes)


def _told_of_the_step(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return kind, input and output: what only spans say that no function of a program is behind."""
    found: dict[str, Any] = {}
    operation = attributes.get("gen_ai.operation.name")
    if isinstance(operation, str) and operation in KINDS:
        found["kind"] = KINDS[operation]
    elif operation is None and not attributes.keys().isdisjoint(_MODELS) and not attributes.keys().isdisjoint(_COUNTS):
        found["kind"] = "llm"  # nothing else has a model, and tokens that it took
    if attributes.keys().isdisjoint(_CONTENT):
        return found
    given, answered = _given(attributes), _answered(attributes)
    if given is not None and (text := as_json(given)) is not None:
        found["input"] = text
    if answered is not None and (text := as_json(answered)) is not None:
        found["output"] = text
    return found


def _given(attributes: Mapping[str, Any]) -> Any:
    messages = parsed_list(attributes.get("gen_ai.input.messages"))
    if instructions := _instructions(attributes.get("gen_ai.system_instructions")):
        messages = [{"role": "system", "parts": instructions}, *messages]
    if messages:
        return {"messages": messages}
    if "gen_ai.tool.call.arguments" in attributes:
        return parsed(attributes["gen_ai.tool.call.arguments"])
    query = attributes.get("gen_ai.retrieval.query.text", attributes.get("gen_ai.memory.query.text"))
    return {"query": query} if isinstance(query, str) else None


def _instructions(value: Any) -> list[Any]:
    said = parsed(value)
    if isinstance(said, str) and said:
        return [{"type": "text", "content": said}]
    return said if isinstance(said, list) else []


def _answered(attributes: Mapping[str, Any]) -> Any:
    for name in ("gen_ai.output.messages", "gen_ai.tool.call.result", "gen_ai.retrieval.documents"):
        if attributes.get(name) not in (None, "", []):
            return parsed(attributes[name])
    return None
