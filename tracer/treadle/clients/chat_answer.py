"""What a chat model answered: what of it goes on the span, and the sum of a stream's chunks.

Chunks and completions are the client's own objects; a field that the client does not know yet is summed by what it is.
"""

from typing import Any

from treadle import semconv

LIST_FIELDS = ("tool_calls",)


def attributes_of(completion: Any) -> dict[str, Any]:
    """Return the span's attributes from a completion."""
    reasons = [choice.finish_reason for choice in completion.choices or ()]
    return _attributes(completion.id, completion.model, reasons, completion.usage)


def _attributes(identity: Any, model: Any, reasons: list[Any], usage: Any) -> dict[str, Any]:
    attributes = {semconv.RESPONSE_ID: identity, semconv.RESPONSE_MODEL: model}
    if any(reasons):
        attributes[semconv.FINISH_REASONS] = [reason or "" for reason in reasons]
    if usage is not None:
        attributes[semconv.INPUT_TOKENS] = usage.prompt_tokens
        attributes[semconv.OUTPUT_TOKENS] = usage.completion_tokens
        attributes[semconv.CACHE_READ_TOKENS] = getattr(usage.prompt_tokens_details, "cached_tokens", None)
        attributes[semconv.REASONING_TOKENS] = getattr(usage.completion_tokens_details, "reasoning_tokens", None)
    return {name: value for name, value in attributes.items() if value is not None}


class Sum:
    """The sum of a stream's chunks, in the shape of a completion."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {"object": "chat.completion"}
        self._choices: dict[int, dict[str, Any]] = {}

    @property
    def has_begun(self) -> bool:
        """Whether a chunk has come."""
        return len(self._head) > 1

    def add(self, chunk: Any) -> None:
        """Add one chunk."""
        for name, value in _given(chunk).items():
            if name not in ("choices", "object"):
                self._head[name] = value
        for choice in chunk.choices or ():
            held = self._choices.setdefault(choice.index, {"index": choice.index, "message": {}})
            for name, value in _given(choice).items():
                if name == "logprobs":
                    held["logprobs"] = _summed(held.get("logprobs"), _plain(value))
                elif name != "delta":
                    held[name] = value
            if choice.delta is not None:
                _add_delta(held["message"], choice.delta)

    def attributes(self) -> dict[str, Any]:
        """Return the span's attributes, as far as they have come."""
        reasons = [self._choices[index].get("finish_reason") for index in sorted(self._choices)]
        return _attributes(self._head.get("id"), self._head.get("model"), reasons, self._head.get("usage"))

    def total(self) -> dict[str, Any]:
        """Return the completion so far."""
        choices = [_whole(self._choices[index]) for index in sorted(self._choices)]
        return {**{name: _plain(value) for name, value in self._head.items()}, "choices": choices}


def _add_delta(message: dict[str, Any], delta: Any) -> None:
    for name, value in _given(delta).items():
        if name == "role":
            message[name] = value
        elif name in LIST_FIELDS:
            held = message.setdefault(name, {})
            for part in value:
                fields = _plain(part)
                index = fields.pop("index", len(held))
                held[index] = _add_part(held.get(index, {}), fields)
        else:
            message[name] = _summed(message.get(name), _plain(value))


def _add_part(held: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Add to a tool call: its id and type are said once, or again, and are no text to be joined."""
    named = {name: value for name, value in fields.items() if name in ("id", "type")}
    return {**_summed(held, {name: value for name, value in fields.items() if name not in named}), **named}


def _summed(held: Any, value: Any) -> Any:
    if held is None:
        return value
    if value is None:
        return held
    if isinstance(held, str) and isinstance(value, str):
        return held + value
    if isinstance(held, list) and isinstance(value, list):
        return held + value
    if isinstance(held, dict) and isinstance(value, dict):
        return {**held, **{name: _summed(held.get(name), part) for name, part in value.items()}}
    return value


def _whole(choice: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": None, **choice["message"]}
    for name in LIST_FIELDS:
        if name in message:
            message[name] = [message[name][index] for index in sorted(message[name])]
    return {**choice, "message": message}


def _given(answer: Any) -> dict[str, Any]:
    """Return the fields of one of the client's objects that say something, unknown ones included."""
    fields = {**answer.__dict__, **(getattr(answer, "__pydantic_extra__", None) or {})}
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if hasattr(value, "__pydantic_fields__") or hasattr(value, "__pydantic_extra__"):
        return {name: _plain(field) for name, field in _given(value).items()}
    return value
