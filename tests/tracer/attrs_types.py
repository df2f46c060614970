"""Classes of a project made by attrs, whose code must not run when a value is revived."""

from typing import Any

import attrs

REVIVING: list[str] = []
"""Holds something while nothing of a class may run."""


def never(*_: Any) -> Any:
    """Stand for what must not run when a value is revived."""
    if REVIVING:
        raise AssertionError("a converter or a validator ran")


@attrs.define
class Wheel:
    """An attrs class with slots, a private name, and what runs when one is made."""

    place: str
    _spokes: int = attrs.field(validator=never)
    label: str = attrs.field(default="", converter=str.lower)

    def __attrs_post_init__(self) -> None:
        never()


@attrs.frozen
class Axle:
    """An attrs class that cannot be set, and remembers its hash."""

    wheels: list[Wheel]


@attrs.define(slots=False)
class Loose:
    """An attrs class without slots."""

    number: int
