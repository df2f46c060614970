"""What a request must hold, checked before anything is done about it: it comes from outside, and may be anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from treadle.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle_storage.protocol import Header

_LARGEST = 2**63 - 1
_ABOUT_TRACE = ("trace_id",)
_ABOUT_SPAN = ("trace_id", "span_id")
_NEEDED: dict[str, tuple[str, ...]] = {
    "trace": _ABOUT_TRACE, "resolve": ("name",), "tree": _ABOUT_TRACE, "step": _ABOUT_SPAN, "source": _ABOUT_SPAN,
    "hits": (*_ABOUT_TRACE, "condition"), "watch": (*_ABOUT_SPAN, "expressions"),
    "column": (*_ABOUT_TRACE, "expression"), "search": (*_ABOUT_TRACE, "text"), "messages": _ABOUT_SPAN,
    "events": _ABOUT_SPAN, "scores": _ABOUT_TRACE, "process": _ABOUT_TRACE, "calls": _ABOUT_TRACE,
    "chunks": _ABOUT_TRACE, "closures": _ABOUT_TRACE, "kept_sources": _ABOUT_TRACE,
}  # fmt: skip
"""Of those questions that cannot be asked without."""


def check_request(header: Header) -> None:
    """Check the parts of a request.

    Raises:
        QueryError: one is missing, or of another type than it must be.

    """
    timeout_s = header.get("timeout_s")
    if timeout_s is not None and not _is_number(timeout_s):
        raise QueryError(f"timeout_s is no number of seconds: {_shown(timeout_s)}")
    if header.get("op") == "sql":
        _check(header, "query", _is_text)
    if header.get("op") == "ask":
        _check(header, "question", _is_text)
        _check(header, "args", lambda value: isinstance(value, dict))
        _check_arguments(header["question"], header["args"])


def timeout_of(header: Header) -> float | None:
    """Return how long a request may run; what is no number is refused later, and runs not at all."""
    timeout_s = header.get("timeout_s")
    return timeout_s if _is_number(timeout_s) else None


def _check_arguments(question: str, args: dict[str, Any]) -> None:
    for name in _NEEDED.get(question, ()):
        if args.get(name) is None:
            raise QueryError(f"{question} needs {name}")
    for name, is_right in _ARGUMENTS.items():
        if args.get(name) is not None:
            _check(args, name, is_right)


def _check(fields: dict[str, Any], name: str, is_right: Callable[[Any], bool]) -> None:
    if not is_right(fields.get(name)):
        raise QueryError(f"{name} cannot be {_shown(fields.get(name))}")


def _shown(value: Any) -> str:
    return ascii(value)[:80]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= _LARGEST


def _is_text(value: Any) -> bool:
    """Tell whether it is a text that has bytes: JSON can hold half a character, and a database cannot."""
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def _is_key(value: Any) -> bool:
    """Tell whether it is where a page begins: a trace's time and its id."""
    return isinstance(value, list) and len(value) == 2 and _is_count(value[0]) and _is_id(value[1])


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 32 and set(value) <= set("0123456789abcdef")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_ARGUMENTS: dict[str, Callable[[Any], bool]] = {
    "limit": _is_count, "before": _is_key, "where": _is_text, "name": _is_text, "text": _is_text,
    "condition": _is_text, "expression": _is_text, "expressions": _are_texts, "above_row": _is_count,
}  # fmt: skip
