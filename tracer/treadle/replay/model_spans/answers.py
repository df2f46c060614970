"""What a model answered: as what it says two answers are compared by, and as the attributes of a span."""

import json
from collections.abc import Iterable
from typing import Any

from treadle import semconv
from treadle.replay.model_spans import genai, openinference, openllmetry
from treadle.replay.model_spans.held import Attributes, Message, mapping_of, parsed, together

CACHE_WRITE_TOKENS = "gen_ai.usage.cache_write.input_tokens"


def said(output: Any, attributes: Attributes | None = None) -> Any:
    """Return what an answer says: a text, with tool calls what they are too, or vectors; None where nobody can tell.

    Ids, times and counts of tokens do not count. Where an output is none of the APIs' the attributes are asked.
    """
    found = _in_body(output)
    if found is None and attributes is not None:
        held = together(dialect.read(attributes) for dialect in (openinference, openllmetry, genai))
        found = _of_held(held.answer) or _in_body(parsed(attributes.get(semconv.OUTPUT)))
    return found


def answer_attributes(body: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a span from an answer of either API."""
    usage = mapping_of(body.get("usage")) or {}
    attributes = {semconv.RESPONSE_ID: body.get("id"), semconv.RESPONSE_MODEL: body.get("model")}
    counts = _anthropic_counts(usage) if "input_tokens" in usage else _openai_counts(usage)
    listed = body.get("choices")
    choices = [choice for choice in listed if isinstance(choice, dict)] if isinstance(listed, list) else []
    reasons = [choice.get("finish_reason") for choice in choices] or [body.get("stop_reason")]
    if any(reasons):
        attributes[semconv.FINISH_REASONS] = [reason or "" for reason in reasons]
    kept = {name: value for name, value in attributes.items() if isinstance(value, str | list)}
    return {**kept, **{name: count for name, count in counts.items() if type(count) is int}}


def _openai_counts(usage: dict[str, Any]) -> dict[str, Any]:
    cached = mapping_of(usage.get("prompt_tokens_details")) or {}
    reasoned = mapping_of(usage.get("completion_tokens_details")) or {}
    return {
        semconv.INPUT_TOKENS: usage.get("prompt_tokens"),
        semconv.OUTPUT_TOKENS: usage.get("completion_tokens"),
        semconv.CACHE_READ_TOKENS: cached.get("cached_tokens"),
        semconv.REASONING_TOKENS: reasoned.get("reasoning_tokens"),
    }


def _anthropic_counts(usage: dict[str, Any]) -> dict[str, Any]:
    """Return the counts; this API counts what it cached apart, the conventions with the rest."""
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    parts = (usage["input_tokens"], read, written)
    return {
        semconv.INPUT_TOKENS: sum(part for part in parts if type(part) is int),
        semconv.OUTPUT_TOKENS: usage.get("output_tokens"),
        semconv.CACHE_READ_TOKENS: read,
        CACHE_WRITE_TOKENS: written,
    }


def _in_body(body: Any) -> Any:
    """Return what is said in an answer of an API, in a text, or in messages."""
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return _in_list(body)
    if not isinstance(body, dict):
        return None
    if isinstance(choices := body.get("choices"), list):
        return _joined(_of_openai(choice.get("message")) for choice in choices if isinstance(choice, dict))
    if isinstance(vectors := body.get("data"), list):
        return [held.get("embedding") for held in vectors if isinstance(held, dict)]
    if isinstance(content := body.get("content"), list):
        return _joined([_of_anthropic(content)])
    if "role" in body:
        return _joined([_of_openai(body)] if "parts" not in body else [_of_message(genai.message_of(body))])
    return None


def _in_list(items: list[Any]) -> Any:
    if items and all(isinstance(item, dict) and "role" in item for item in items):
        return _joined(_of_message(genai.message_of(item)) for item in items)
    numbers = items[0] if items and isinstance(items[0], list) else items
    if numbers and all(type(number) in (int, float) for number in numbers):
        return items if numbers is not items else [items]
    return None


def _of_held(answer: Any) -> Any:
    if answer and isinstance(answer[0], Message):
        return _joined(_of_message(message) for message in answer)
    return list(answer) if answer and answer[0] is not None else None


def _joined(messages: Iterable[tuple[str, list[Any]]]) -> Any:
    """Return what several choices say: of one without tool calls its text alone."""
    said_by = [{"content": text, "tool_calls": calls} if calls else text for text, calls in messages]
    return said_by[0] if len(said_by) == 1 else said_by or None


def _of_message(message: Message | None) -> tuple[str, list[Any]]:
    parts = message.parts if message is not None else ()
    texts = [str(part.get("content")) for part in parts if part.get("type") == "text"]
    calls = [_call(part.get("name"), part.get("arguments")) for part in parts if part.get("type") == "tool_call"]
    return "".join(texts), calls


def _of_openai(message: Any) -> tuple[str, list[Any]]:
    held = message if isinstance(message, dict) else {}
    calls = [mapping_of(call.get("function")) or {} for call in held.get("tool_calls") or () if isinstance(call, dict)]
    content = held.get("content")
    text = content if isinstance(content, str) else "" if content is None else json.dumps(content)
    return text, [_call(call.get("name"), call.get("arguments")) for call in calls]


def _of_anthropic(content: list[Any]) -> tuple[str, list[Any]]:
    blocks = [block for block in content if isinstance(block, dict)]
    text = "".join(str(block.get("text")) for block in blocks if block.get("type") == "text")
    return text, [_call(block.get("name"), block.get("input")) for block in blocks if block.get("type") == "tool_use"]


def _call(name: Any, arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": parsed(arguments)}
