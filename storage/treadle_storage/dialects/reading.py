"""How the dialects read attributes: the first that is not empty, counts that are counts, JSON inside texts, trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LARGEST_COUNT = 2**31 - 1
LARGEST_COST_USD = 1e9
MOST_NESTED = 200


def first_text(attributes: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Return the first of these attributes that is a text with something in it."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def first_count(attributes: Mapping[str, Any], names: Iterable[str]) -> int | None:
    """Return the first of these attributes that can be a number of tokens."""
    return next((number for name in names if (number := count_of(attributes.get(name))) is not None), None)


def count_of(value: Any) -> int | None:
    """Return a number of tokens, some write it as text; None for what can be none."""
    if isinstance(value, str) and len(value) < 12 and value.isascii() and value.isdigit():
        value = int(value)
    return int(value) if is_number(value) and 0 <= value <= LARGEST_COUNT else None


def first_number(attributes: Mapping[str, Any], names: Iterable[str]) -> float | None:
    """Return the first of these attributes that is a number."""
    return next((float(value) for name in names if is_number(value := attributes.get(name))), None)


def cost(value: Any) -> float | None:
    """Return what was said to have been paid, in dollars, where it can be that."""
    return float(value) if is_number(value) and 0 <= value < LARGEST_COST_USD else None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Tell a number from what only passes for one; infinities and NaN are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value - value == 0


def parsed(value: Any) -> Any:
    """Return what a text holds as JSON; the text itself where it is none, and what is no text as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
        return value
    try:
        return orjson.loads(value)
    except ValueError:
        return value


def parsed_object(value: Any) -> dict[str, Any]:
    """Return the object that a value is, or holds as JSON; empty where it is none."""
    found = parsed(value)
    return found if isinstance(found, dict) else {}


def parsed_list(value: Any) -> list[Any]:
    """Return the list that a value is, or holds as JSON; empty where it is none."""
    found = parsed(value)
    return found if isinstance(found, list) else []


def as_json(value: Any) -> str | None:
    """Return a value as JSON text for a column; None for none, and for what cannot be written."""
    if value is None:
        return None
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):  # nested too deeply, or a number of too many digits
        return None


def tree_under(attributes: Mapping[str, Any], prefix: str) -> Any:
    """Return `prefix.0.role` and its like as the lists and objects that they were made of."""
    tree: dict[str, Any] = {}
    for name, value in attributes.items():
        if name.startswith(prefix):
            _plant(tree, name[len(prefix) :].split("."), value)
    return _with_lists(tree)


def without_nothing(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that were found."""
    return {name: value for name, value in found.items() if value is not None}


def _plant(tree: dict[str, Any], path: list[str], value: Any) -> None:
    if len(path) > MOST_NESTED:
        return
    for step in path[:-1]:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):  # `a` and `a.b` were both said: the shorter one stands
            return
        tree = below
    tree.setdefault(path[-1], value)


def _with_lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    shown = {name: _with_lists(below) for name, below in tree.items()}
    if shown and all(name.isascii() and name.isdigit() and len(name) < 10 for name in shown):
        return [shown[name] for name in sorted(shown, key=int)]
    return shown
