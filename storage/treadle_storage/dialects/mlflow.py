"""MLflow: `mlflow.*`, whose values are JSON inside the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects.reading import (
    as_json,
    cost,
    first_count,
    first_text,
    parsed,
    parsed_object,
    without_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = ("mlflow.",)
_KINDS = {
    "LLM": "llm", "CHAT_MODEL": "llm", "CHAIN": "chain", "WORKFLOW": "chain", "TASK": "chain", "AGENT": "agent",
    "TOOL": "tool", "RETRIEVER": "retriever", "MEMORY": "retriever", "EMBEDDING": "embedding", "RERANKER": "reranker",
    "GUARDRAIL": "guardrail", "EVALUATOR": "evaluator",
}  # fmt: skip


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read a span of MLflow."""
    read = {name: parsed(value) for name, value in attributes.items() if name.startswith("mlflow.")}
    usage = parsed_object(read.get("mlflow.chat.tokenUsage"))
    given = read.get("mlflow.spanInputs")
    return without_nothing({
        "kind": _KINDS.get(str(read.get("mlflow.spanType"))),
        "model": first_text(read, ("mlflow.llm.model",)),
        "provider": first_text(read, ("mlflow.llm.provider",)),
        "input_tokens": first_count(usage, ("input_tokens",)),
        "output_tokens": first_count(usage, ("output_tokens",)),
        "cache_read_tokens": first_count(usage, ("cache_read_input_tokens",)),
        "cache_write_tokens": first_count(usage, ("cache_creation_input_tokens",)),
        "cost_usd": cost(parsed_object(read.get("mlflow.llm.cost")).get("total_cost")),
        "session_id": first_text(read, ("mlflow.trace.session",)),
        "user_id": first_text(read, ("mlflow.trace.user",)),
        "input": as_json(given),
        "output": as_json(read.get("mlflow.spanOutputs")),
    })  # fmt: skip
