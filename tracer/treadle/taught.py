"""`treadle.codec`: types that the program teaches Treadle to record and to build again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from treadle.errors import UsageError

Value = TypeVar("Value")
Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class Codec:
    """Takes a value of one type apart, and puts it together again."""

    to_plain: Callable[[Any], Any]
    from_plain: Callable[[Any], Any]


TAUGHT: dict[type, Codec] = {}


def codec(taught: type[Value], to_plain: Callable[[Value], Held], from_plain: Callable[[Held], Value]) -> None:
    """Teach Treadle a type, where the type is defined: a replay imports that module before it builds one.

    - `taught`: exactly this class; its subclasses are taught by themselves.
    - `to_plain`: returns any value that Treadle can record; it runs inside the traced call.
    - `from_plain`: gets an equal value and returns the object; it runs in a replay.

    Raises:
        UsageError: what is taught is no class or is built in, or the other two cannot be called.

    """
    if not isinstance(taught, type):
        raise UsageError(f"{taught!r} is taught, but it is no class: give the class itself")
    if taught.__module__ == "builtins":
        raise UsageError(f"{taught.__name__} is built in, and recorded already: teach a class of your own")
    if not callable(to_plain) or not callable(from_plain):
        raise UsageError(f"the codec of {taught.__qualname__} cannot be called: give two functions")
    TAUGHT[taught] = Codec(to_plain, from_plain)
