"""OpenTelemetry's GenAI semantic conventions, as of 1.44, with the names that were renamed lately.

Source: https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_RANK = {name: rank for rank, name in enumerate((*_TEXTS, *_COUNTS))}
"""Where two names fill one column, the earlier wins: the current one, and the requested model."""
_LARGEST_COUNT = 2**31 - 1


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Read the current names first, then the renamed ones."""
    found: dict[str, Any] = {}
    for name in sorted(attributes.keys() & _RANK.keys(), key=_RANK.__getitem__):
        value = attributes[name]
        if name in _COUNTS:
            if _is_number(value) and 0 <= value <= _LARGEST_COUNT:
                found.setdefault(_COUNTS[name], int(value))
        elif isinstance(value, str) and value:
            found.setdefault(_TEXTS[name], value)
    temperature = attributes.get("gen_ai.request.temperature")
    if _is_number(temperature):
        found["temperature"] = float(temperature)
    reasons = attributes.get("gen_ai.response.finish_reasons")
    reason = reasons[0] if isinstance(reasons, list) and reasons else reasons
    if isinstance(reason, str) and reason:
        found["finish_reason"] = reason
    tags = attributes.get("tag.tags")
    if isinstance(tags, list) and tags:
        found["tags"] = [str(tag) for tag in tags]
    return found


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
