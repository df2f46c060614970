"""OTLP's values and attributes, as JSON writes them, from and to plain ones."""

from __future__ import annotations

import math
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 60
SMALLEST_INT, LARGEST_INT = -(2**63), 2**64 - 1
LARGEST_SIGNED = 2**63 - 1
_ODD_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})


def attributes_from(items: Any) -> dict[str, Any]:
    """Return OTLP's list of keys and values as an object; what is none of them is left out."""
    if not isinstance(items, list):
        return {}
    return {
        item["key"]: value_from(item.get("value"))
        for item in items
        if isinstance(item, dict) and isinstance(item.get("key"), str)
    }


def value_from(wrapped: Any, *, depth: int = 0) -> Any:
    """Return a value of OTLP; what is not wrapped as it should be comes as it is."""
    if not isinstance(wrapped, dict):
        return _plain(wrapped, depth)
    if depth > DEEPEST:
        return _as_text(wrapped)
    for name, value in wrapped.items():
        match name.replace("_value", "Value"):
            case "stringValue" | "boolValue":
                return value if isinstance(value, str | bool) else _plain(value, depth)
            case "intValue":
                return _whole(value)
            case "doubleValue":
                return _number(value)
            case "arrayValue":
                items = value.get("values", []) if isinstance(value, dict) else value
                return [value_from(item, depth=depth + 1) for item in items] if isinstance(items, list) else None
            case "kvlistValue":
                items = value.get("values", []) if isinstance(value, dict) else []
                return _members(items, depth)
            case "bytesValue":
                return value if isinstance(value, str) else None
    return _plain(wrapped, depth) or None


def wrapped_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an object as OTLP's list of keys and values."""
    return [{"key": name, "value": wrapped_value(value)} for name, value in attributes.items()]


def wrapped_value(value: Any) -> dict[str, Any]:
    """Return a plain value as OTLP has it."""
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            if SMALLEST_INT <= value <= LARGEST_SIGNED:
                return {"intValue": str(value)}
            return {"stringValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else str(value)}
        case list() | tuple():
            return {"arrayValue": {"values": [wrapped_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": wrapped_attributes(value)}}
        case _:
            return {"stringValue": str(value)}


def bytes_of(value: Any) -> bytes | None:
    """Return what a `bytesValue` holds; None where that is no base64."""
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError):
        return None


def _members(items: Any, depth: int) -> dict[str, Any]:
    if not isinstance(items, list):
        return {}
    return {
        item["key"]: value_from(item.get("value"), depth=depth + 1)
        for item in items
        if isinstance(item, dict) and isinstance(item.get("key"), str)
    }


def _whole(value: Any) -> Any:
    try:
        number = int(value) if isinstance(value, str | int) and len(str(value)) < 40 else None
    except ValueError:
        return _plain(value, 0)
    if number is None:
        return _number(value)
    return number if SMALLEST_INT <= number <= LARGEST_INT else str(number)


def _number(value: Any) -> Any:
    """Return a double; JSON has no place for those that are no number, and they stay texts."""
    if isinstance(value, str) and value not in _ODD_NUMBERS:
        try:
            value = float(value)
        except ValueError:
            return value
    return _plain(value, 0)


def _plain(value: Any, depth: int) -> Any:
    """Return a value that came from JSON as a journal can hold it."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return value if SMALLEST_INT <= value <= LARGEST_INT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth > DEEPEST:
        return _as_text(value)
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    return {str(name): _plain(item, depth + 1) for name, item in value.items()} if isinstance(value, dict) else None


def _as_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):
        return "… (nested too deeply)"
