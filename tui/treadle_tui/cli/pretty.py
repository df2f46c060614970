"""Values as people read them on paper: keys and items by indentation, long texts as lines of their own."""

import json
from collections.abc import Iterator
from typing import Any

from treadle_tui.cli.controls import visible

SHORT_CHARACTERS = 72
INDENT = "  "


def pretty_lines(value: Any, *, indent: str = "") -> Iterator[str]:
    """Yield the lines of a JSON value; nothing in it is cut."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{visible(str(key), lines=False)}:", item, indent)
    elif isinstance(value, list) and value:
        for item in value:
            yield from _entry("-", item, indent)
    else:
        yield from (f"{indent}{line}" for line in scalar_lines(value))


def scalar_lines(value: Any) -> list[str]:
    """Return a scalar as JSON has it, a text of several lines as these lines."""
    if isinstance(value, str) and "\n" in value:
        return visible(value).split("\n")
    return [visible(json.dumps(value, ensure_ascii=False), lines=False)]


def _entry(label: str, item: Any, indent: str) -> Iterator[str]:
    inline = _inline(item)
    if inline is not None:
        yield f"{indent}{label} {inline}"
        return
    yield f"{indent}{label}"
    yield from pretty_lines(item, indent=indent + INDENT)


def _inline(item: Any) -> str | None:
    """Return what has room behind its label: a scalar of one line, or something small."""
    if isinstance(item, str):
        return None if "\n" in item else visible(json.dumps(item, ensure_ascii=False), lines=False)
    text = visible(json.dumps(item, ensure_ascii=False), lines=False)
    is_small = not isinstance(item, dict | list) or len(text) <= SHORT_CHARACTERS
    return text if is_small else None
