"""What stands for a value where only a number or a text may stand: in an attribute, in a score.

A value of the program's may deny its class, be a number of numpy's, or raise anything when it is asked for its text.
"""

from typing import Any

from treadle import signals
from treadle.names import writable
from treadle.values.arrays import shape_of


def number_or_text(value: Any) -> float | bool | str:
    """Return a value as a number, where it is one, else as a text."""
    plain = number(value)
    return text(value) if plain is None else plain


def number(value: Any) -> float | bool | None:
    """Return a number as one of Python's own, of at most 64 bits; None where there is none like it."""
    if shape_of(type(value)) == "scalar":
        value = value.item()
    cls = type(value)
    if cls is bool:
        return bool(value)
    if issubclass(cls, float):
        return float.__float__(value)
    whole = int.__int__(value) if issubclass(cls, int) else None
    return whole if whole is not None and -(2**63) <= whole < 2**63 else None


def text(value: Any) -> str:
    """Return how a value shows itself."""
    try:
        return writable(str.__str__(str(value)))
    except BaseException as other:  # noqa: BLE001 - the user's __str__ may raise anything, and we are who called it
        signals.pass_on(other)
        return f"(its text could not be read: {type(other).__name__})"
