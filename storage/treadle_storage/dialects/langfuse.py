"""Langfuse's SDK: `langfuse.*`, usage and cost as JSON."""

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
    without_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = ("langfuse.",)
_KINDS = {
    "generation": "llm", "span": "span", "event": "span", "agent": "agent", "tool": "tool", "chain": "chain",
    "retriever": "retriever", "evaluator": "evaluator", "embedding": "embedding", "guardrail": "guardrail",
}  # fmt: skip
_OBSERVATION = "langfuse.observation."


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read an observation of Langfuse."""
    usage = parsed_object(attributes.get(f"{_OBSERVATION}usage_details"))
    costs = parsed_object(attributes.get(f"{_OBSERVATION}cost_details"))
    parameters = parsed_object(attributes.get(f"{_OBSERVATION}model.parameters"))
    kind = _KINDS.get(str(attributes.get(f"{_OBSERVATION}type")).lower())
    return without_nothing({
        "kind": kind,
        "model": first_text(attributes, (f"{_OBSERVATION}model.name",)),
        "input_tokens": first_count(usage, ("input", "input_tokens", "prompt_tokens")),
        "output_tokens": first_count(usage, ("output", "output_tokens", "completion_tokens")),
        "cache_read_tokens": first_count(usage, ("cache_read_input_tokens", "input_cached_tokens")),
        "cache_write_tokens": first_count(usage, ("cache_creation_input_tokens",)),
        "reasoning_tokens": first_count(usage, ("output_reasoning_tokens",)),
        "cost_usd": cost(costs.get("total")),
        "temperature": first_number(parameters, ("temperature",)),
        "session_id": first_text(attributes, ("langfuse.session.id", "session.id")),
        "user_id": first_text(attributes, ("langfuse.user.id", "user.id")),
        "input": as_json(_input(attributes, kind)),
        "output": as_json(parsed(attributes.get(f"{_OBSERVATION}output"))),
    })  # fmt: skip


def _input(attributes: Mapping[str, Any], kind: str | None) -> Any:
    """Return the input; a conversation by itself is given as a model is given it."""
    value = parsed(attributes.get(f"{_OBSERVATION}input"))
    if kind == "llm" and isinstance(value, list):
        return {"messages": value}
    return {"input": value} if kind == "llm" and isinstance(value, str) else value
