"""What a span's attributes hold of a request to a model, whatever dialect they are written in.

Messages have the parts of OpenTelemetry's GenAI schema, parameters the names of the OpenAI API.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

Part = dict[str, Any]
Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    role: str
    parts: tuple[Part, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one dialect tells; None: nothing."""

    model: str | None = None
    """The one that was asked for."""
    answering_model: str | None = None
    """The one that answered, which is asked where no other is named."""
    messages: tuple[Message | None, ...] | None = None
    """None among them: it was not captured."""
    texts: Any = None
    """What was to be embedded, as the embeddings API takes it."""
    tools: tuple[Any, ...] | None = None
    parameters: dict[str, Any] | None = None
    answer: Any = None
    """What was answered: messages, or vectors."""


def together(found: Iterator[Held]) -> Held:
    """Return what several dialects tell, of each thing the first that tells it; parameters one by one."""
    all_found = tuple(found)
    values: dict[str, Any] = {}
    for field in fields(Held):
        told = (getattr(one, field.name) for one in all_found)
        values[field.name] = next((value for value in told if value), None)
    parameters: dict[str, Any] = {}
    for one in reversed(all_found):
        parameters |= one.parameters or {}
    return Held(**{**values, "parameters": parameters})


def parsed(value: Any) -> Any:
    """Return what a text holds as JSON; what is none stays what it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def text_of(value: Any) -> str | None:
    """Return a text that says something, else None."""
    return value if isinstance(value, str) and value else None


def mapping_of(value: Any) -> dict[str, Any] | None:
    """Return an object, written as JSON or not, else None."""
    held = parsed(value)
    return held if isinstance(held, dict) else None


def items_of(value: Any) -> list[Any]:
    """Return a list's items, written as JSON or not; none of what is no list."""
    held = parsed(value)
    return held if isinstance(held, list) else []


def numbered(attributes: Attributes, prefix: str) -> list[dict[str, Any] | None]:
    """Return what stands under `prefix.0.`, `prefix.1.` and on, by the rest of its name; None where a number lacks.

    Instrumentations that cannot write lists write them so.
    """
    found: dict[int, dict[str, Any]] = {}
    start = f"{prefix}."
    for name, value in attributes.items():
        number, dot, rest = name[len(start) :].partition(".") if name.startswith(start) else ("", "", "")
        if dot and number.isdecimal() and number.isascii() and len(number) < MOST_DIGITS:
            found.setdefault(int(number), {})[rest] = value
    if max(found, default=0) > MOST_GAPS + len(found):
        return [*(found[number] for number in sorted(found)), None]
    return [found.get(number) for number in range(max(found, default=-1) + 1)]


MOST_DIGITS = 7
MOST_GAPS = 1000
"""More of them are no list any more: it counts as one that lacks something."""


def arguments_text(arguments: Any) -> str:
    """Return a tool call's arguments as JSON text, as they were written where they are text."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
