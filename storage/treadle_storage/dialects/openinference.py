"""OpenInference: `openinference.span.kind`, flattened messages, `input.value` and `output.value`.

Source: https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects.reading import (
    as_json,
    cost,
    first_count,
    first_number,
    first_text,
    parsed,
    parsed_object,
    tree_under,
    without_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = ("openinference.", "llm.", "input.", "output.", "embedding.", "reranker.", "retrieval.")
KINDS = {
    "LLM": "llm", "EMBEDDING": "embedding", "CHAIN": "chain", "RETRIEVER": "retriever", "RERANKER": "reranker",
    "TOOL": "tool", "AGENT": "agent", "GUARDRAIL": "guardrail", "EVALUATOR": "evaluator", "PROMPT": "prompt",
    "DECISION": "chain", "SPAN": "span",
}  # fmt: skip


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read a span of OpenInference."""
    kind = KINDS.get(str(attributes.get("openinference.span.kind")).upper())
    provider = first_text(attributes, ("llm.provider", "llm.system"))
    parameters = parsed_object(attributes.get("llm.invocation_parameters"))
    return without_nothing({
        "kind": kind,
        "model": _model(attributes, parameters),
        "provider": provider.lower() if provider else None,
        "input_tokens": first_count(attributes, ("llm.token_count.prompt",)),
        "output_tokens": first_count(attributes, ("llm.token_count.completion",)),
        "cache_read_tokens": first_count(attributes, ("llm.token_count.prompt_details.cache_read",)),
        "cache_write_tokens": first_count(attributes, ("llm.token_count.prompt_details.cache_write",)),
        "reasoning_tokens": first_count(attributes, ("llm.token_count.completion_details.reasoning",)),
        "cost_usd": cost(attributes.get("llm.cost.total")),
        "temperature": first_number(parameters, ("temperature",)),
        "finish_reason": first_text(attributes, ("llm.finish_reason",)),
        "input": as_json(_input(attributes, kind)),
        "output": as_json(_output(attributes)),
    })  # fmt: skip


def _model(attributes: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    requested = first_text(attributes, ("llm.request.model_name",)) or first_text(parameters, ("model", "model_name"))
    named = ("llm.model_name", "embedding.model_name", "reranker.model_name")
    return requested or first_text(attributes, named)


def _input(attributes: Mapping[str, Any], kind: str | None) -> Any:
    """Return the request as it was sent where that is known, else what can be made of the flattened messages."""
    value = parsed(attributes.get("input.value"))
    if isinstance(value, dict) and isinstance(value.get("messages"), list) and _are_messages(value["messages"]):
        return value
    if messages := messages_of(tree_under(attributes, "llm.input_messages.")):
        return {"messages": messages}
    if value is None and (texts := _embedded_texts(attributes)):
        return {"input": texts}
    if kind == "llm" and isinstance(value, str):
        return {"input": value}
    return value


def _output(attributes: Mapping[str, Any]) -> Any:
    if messages := messages_of(tree_under(attributes, "llm.output_messages.")):
        return messages
    documents = tree_under(attributes, "retrieval.documents.") or tree_under(attributes, "reranker.output_documents.")
    if isinstance(documents, list):
        return [each.get("document", each) if isinstance(each, dict) else each for each in documents]
    return parsed(attributes.get("output.value"))


def _are_messages(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and isinstance(item.get("role"), str) for item in items)


def _embedded_texts(attributes: Mapping[str, Any]) -> list[Any]:
    embedded = tree_under(attributes, "embedding.embeddings.")
    if not isinstance(embedded, list):
        return []
    found = (each.get("embedding") for each in embedded if isinstance(each, dict))
    return [each["text"] for each in found if isinstance(each, dict) and "text" in each]


def messages_of(tree: Any) -> list[dict[str, Any]]:
    """Return flattened messages as chat completions have them."""
    if not isinstance(tree, list):
        return []
    held = (item.get("message") for item in tree if isinstance(item, dict))
    return [_message(item) for item in held if isinstance(item, dict)]


def _message(held: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": str(held.get("role") or "user")}
    contents = held.get("contents")
    if isinstance(contents, list):
        message["content"] = [_part(item) for item in contents]
    elif held.get("content") is not None:
        message["content"] = held["content"]
    calls = held.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [
            item["tool_call"] for item in calls if isinstance(item, dict) and isinstance(item.get("tool_call"), dict)
        ]
    elif name := held.get("function_call_name"):
        function = {"name": name, "arguments": held.get("function_call_arguments_json")}
        message["tool_calls"] = [{"function": function}]
    return message | {name: held[name] for name in ("name", "tool_call_id") if name in held}


def _part(item: Any) -> Any:
    content = item.get("message_content") if isinstance(item, dict) else None
    if not isinstance(content, dict):
        return item
    image = content.get("image")
    if isinstance(image, dict):
        url = image.get("image", image)
        return {"type": "image_url", "image_url": url if isinstance(url, dict) else {"url": url}}
    return {"type": "text", **content} if "text" in content else content
