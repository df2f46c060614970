"""Logfire and pydantic-ai: what stands beside the GenAI names, and what stood in their place before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects.reading import as_json, cost, first_text, parsed, parsed_list, without_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTS = (
    "logfire.", "pydantic_ai.", "operation.cost", "agent_name", "events", "all_messages_events", "request_data",
    "response_data", "tool_arguments", "tool_response",
)  # fmt: skip
_ANSWER = "gen_ai.choice"
_AGENT_MESSAGES = ("pydantic_ai.all_messages", "all_messages_events")


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read a span of Logfire, or of pydantic-ai."""
    asked, answered = _said(attributes.get("events"))
    is_agent = first_text(attributes, ("agent_name", "gen_ai.agent.name")) and first_text(attributes, _AGENT_MESSAGES)
    kind = "agent" if is_agent else "tool" if "tool_arguments" in attributes else None
    return without_nothing({
        "kind": kind,
        "cost_usd": cost(attributes.get("operation.cost")),
        "input": as_json({"messages": asked} if asked else _input(attributes)),
        "output": as_json(answered or _output(attributes)),
    })  # fmt: skip


def _said(events: Any) -> tuple[list[Any], list[Any]]:
    """Return the messages of both directions from what were events, and stand in one attribute as JSON."""
    asked, answered = [], []
    for event in parsed_list(events):
        if not isinstance(event, dict):
            continue
        if event.get("event.name") == _ANSWER:
            message = event.get("message")
            answered.append(message if isinstance(message, dict) else {"role": "assistant", "content": message})
        else:
            hidden = {name for name in event if name.startswith(("event.", "gen_ai."))}
            asked.append({name: value for name, value in event.items() if name not in hidden})
    return asked, answered


def _input(attributes: Mapping[str, Any]) -> Any:
    for name in ("tool_arguments", "request_data", *_AGENT_MESSAGES):
        value = parsed(attributes.get(name))
        if value is not None:
            return {"messages": value} if isinstance(value, list) else value
    return None


def _output(attributes: Mapping[str, Any]) -> Any:
    response = parsed(attributes.get("response_data"))
    if isinstance(response, dict) and "message" in response:
        return response["message"]
    for value in (attributes.get("tool_response"), response, attributes.get("final_result")):
        if value is not None:
            return parsed(value)
    return None
