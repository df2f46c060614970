"""Parameters of a query on their way to the owner: JSON, with a tag where JSON has no such type."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from treadle.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Params: TypeAlias = Sequence[Any] | Mapping[str, Any]

_LONGEST_INTEGER_BITS = 127
_DECODERS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "float": float,
    "bytes": bytes.fromhex,
}


def encoded(params: Params) -> Any:
    """Return parameters as JSON can hold them; moments with a zone become UTC, which the views' moments are in.

    Raises:
        UsageError: one is of a type that no query takes.

    """
    if isinstance(params, str | bytes) or not isinstance(params, Sequence | Mapping):
        raise UsageError(f"parameters are a list, or a dict of names, and not {type(params).__name__}")
    if isinstance(params, Mapping):
        return {str(name): _encoded(value) for name, value in params.items()}
    return [_encoded(value) for value in params]


def decoded(params: Any) -> Any:
    """Return the parameters that were encoded."""
    if isinstance(params, dict):
        if "$" in params:
            return _DECODERS[params["$"]](params["v"])
        return {name: decoded(value) for name, value in params.items()}
    return [decoded(value) for value in params] if isinstance(params, list) else params


def _encoded(value: Any) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int() if value.bit_length() <= _LONGEST_INTEGER_BITS:
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else _tagged("float", str(float(value)))
        case datetime():
            naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            return _tagged("datetime", naive.isoformat())
        case date():
            return _tagged("date", value.isoformat())
        case Decimal():
            return _tagged("decimal", str(value))
        case bytes():
            return _tagged("bytes", value.hex())
        case list() | tuple():
            return [_encoded(item) for item in value]
    raise UsageError(
        f"no query takes a parameter of type {type(value).__name__}: give a text, a number, a moment or a list of them"
    )


def _tagged(tag: str, text: str) -> dict[str, str]:
    return {"$": tag, "v": text}
