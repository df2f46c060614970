"""The elements of an array, read from its bytes with the standard library alone."""

import math
import re
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeAlias

_DTYPE = re.compile(r"([<>|=])([biufcmMVS])(\d+)(?:\[(\w{1,20})\])?")
_CODES = {"b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f2": "e",
          "f4": "f", "f8": "d", "c8": "ff", "c16": "dd", "m8": "q", "M8": "q"}  # fmt: skip
_SECONDS = {"W": 604_800, "D": 86_400, "h": 3_600, "m": 60, "s": 1}
_PARTS = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
"""Of a second."""
NOT_A_TIME = -(2**63)
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - numpy's times have no zone


ELEMENT_COST = 64
Spend: TypeAlias = Callable[[int], None]
"""Counts what is to be shown; raises where that is more than is shown of one payload."""


def elements(data: bytes, dtype: Any, most: int, *, spend: Spend) -> list[Any] | None:
    """Return the first elements of an array, as JSON can hold them; None for a dtype that cannot be read here."""
    size = _size(dtype)
    if size is None:
        return None
    count = min(most, len(data) // size)
    return [_element(data, n * size, dtype, spend) for n in range(count)]


def _size(dtype: Any) -> int | None:
    if isinstance(dtype, dict):
        return int(dtype["size"]) or None
    found = _DTYPE.fullmatch(dtype)
    return (int(found[3]) or None) if found else None


def _element(data: bytes, start: int, dtype: Any, spend: Spend) -> Any:
    if isinstance(dtype, dict):
        return _record(data, start, dtype, spend)
    found = _DTYPE.fullmatch(dtype)
    if found is None:
        return None
    order, kind, size, unit = found.groups()
    spend(ELEMENT_COST + int(size))
    held = data[start : start + int(size)]
    if kind == "S":
        return held.rstrip(b"\0").decode("utf-8", "replace")
    code = _CODES.get(kind + size)
    if code is None or len(held) != int(size):
        return held.hex()
    numbers = struct.unpack(order.replace("|", "=") + code, held)
    if kind in "mM":
        return _moment(numbers[0], kind, unit)
    shown = [number if not isinstance(number, float) or math.isfinite(number) else repr(number) for number in numbers]
    return shown if kind == "c" else shown[0]


def _record(data: bytes, start: int, dtype: dict[str, Any], spend: Spend) -> dict[str, Any]:
    shown = {}
    for name, inner, offset, shape, *_ in dtype["fields"]:
        size, count = _size(inner) or 0, math.prod(shape)
        if offset < 0 or count < 0 or offset + size * count > dtype["size"]:
            raise ValueError(f"the field {name} does not lie within its record")
        spend(ELEMENT_COST + len(name))
        shown[name] = _field(data, start + offset, inner, shape, spend)
    return shown


def _field(data: bytes, start: int, dtype: Any, shape: list[int], spend: Spend) -> Any:
    if not shape:
        return _element(data, start, dtype, spend)
    size = _size(dtype)
    return None if size is None else [_element(data, start + n * size, dtype, spend) for n in range(math.prod(shape))]


def _moment(count: int, kind: str, unit: str | None) -> str | None:
    if count == NOT_A_TIME:
        return None
    if kind == "m" or unit not in {**_SECONDS, **_PARTS}:
        return f"{count} {unit}"
    seconds, part = divmod(count, _PARTS[unit]) if unit in _PARTS else (count * _SECONDS[unit], 0)
    shown = (EPOCH + timedelta(seconds=seconds)).isoformat()
    digits = f"{part:0{len(str(_PARTS[unit])) - 1}}" if unit in _PARTS else ""
    return f"{shown}.{digits}" if part else shown
