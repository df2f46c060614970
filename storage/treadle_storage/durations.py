"""Lengths of time and sizes as people type them: `30d`, `12h`, `5GB`."""

from __future__ import annotations

import math
import re

from treadle.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def seconds_in(text: str) -> float:
    """Return a length of time in seconds; `forever` is infinite.

    Raises:
        UsageError: it is none.

    """
    if text.strip().lower() == "forever":
        return math.inf
    return _product(text, _SECONDS, "a length of time such as 12h, 30d or 2w")


def bytes_in(text: str) -> int:
    """Return a size in bytes; kB, MB and GB are powers of ten.

    Raises:
        UsageError: it is none.

    """
    return int(_product(text, _BYTES, "a size such as 500MB or 5GB"))


def _product(text: str, units: dict[str, int], wanted: str) -> float:
    match = _NUMBER.fullmatch(text)
    unit = units.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise UsageError(f"{text!r} is not {wanted}")
    return float(match[1]) * unit
