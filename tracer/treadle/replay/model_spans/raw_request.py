"""A request that was recorded as it was sent: in `input.value`, or as what the span was given."""

from collections.abc import Mapping
from typing import Any

_NOT_ASKED = frozenset({"stream", "stream_options", "extra_headers", "extra_query", "timeout"})
"""How a request travels: its answer is asked for whole."""


def request_in(value: Any, *, for_texts: bool) -> dict[str, Any] | None:
    """Return a value that is itself a request, for embeddings or for an answer; None where it is none."""
    if not isinstance(value, Mapping):
        return None
    is_request = bool(value.get("input")) if for_texts else _are_messages(value.get("messages"))
    return {name: held for name, held in value.items() if name not in _NOT_ASKED} if is_request else None


def _are_messages(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "role" in item for item in value)
