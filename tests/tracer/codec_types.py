"""Types of a project that values are made of in codec tests."""

import enum
import re
from array import array
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Interface, IPv6Network
from pathlib import Path, PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from attrs_types import Axle, Loose, Wheel
from pydantic import BaseModel, ConfigDict, PrivateAttr


class Colour(enum.Enum):
    """An enum whose values are no strings."""

    RED = (255, 0, 0)
    BLUE = (0, 0, 255)


class Access(enum.Flag):
    """A flag, whose members combine."""

    READ = 1
    WRITE = 2
    RUN = 4


class Level(enum.IntEnum):
    """An enum that is a number."""

    LOW = 1


class Mood(enum.StrEnum):
    """An enum that is a text."""

    GOOD = "good"


class Point(NamedTuple):
    """A typed named tuple."""

    x: int
    label: str = "here"


Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - the untyped sort is what is tried


@dataclass
class Order:
    """A dataclass with a container, a private field and something that was set later."""

    number: int
    lines: list[Point] = field(default_factory=list)
    _hidden: str = "hidden"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A dataclass that cannot be set."""

    name: str
    inner: Order | None = None


@dataclass(init=False)
class Picky:
    """A dataclass whose `__init__` must not run."""

    number: int

    def __init__(self) -> None:
        raise AssertionError("the reviver called __init__")


class Plain:
    """An ordinary object."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.others: list[Any] = []

    @classmethod
    def named(cls) -> "Plain":
        """Return one."""
        return cls("named")

    def greet(self) -> str:
        """Greet."""
        return f"I am {self.name}"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]


class Heir(Plain):
    """An object with an inherited method."""


class Slotted:
    """An object with slots and a private name."""

    __slots__ = ("__secretive", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.__secretive = "inside"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slotted) and (other.number, other.__secretive) == (self.number, self.__secretive)

    __hash__ = None  # type: ignore[assignment]


class City(BaseModel):
    """A pydantic model."""

    name: str
    people: int | None = None


class Country(BaseModel):
    """A nested one that keeps what it does not know, and something private."""

    model_config = ConfigDict(extra="allow")

    capital: City
    cities: dict[str, City] = {}
    _visits: int = PrivateAttr(default=3)


class Strict(BaseModel):
    """A model whose validator must not run."""

    model_config = ConfigDict(frozen=True)

    number: int

    def model_post_init(self, _: Any, /) -> None:
        """Count how often one was made."""
        MADE.append(self.number)


MADE: list[int] = []


class Denied(Exception):
    """An exception of the project with a field and an `__init__` of its own."""

    def __init__(self, who: str, *, code: int) -> None:
        super().__init__(f"{who} was denied")
        self.code = code


class Words(list[str]):
    """A list of a class of its own."""


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()


def helper(number: int) -> int:
    """Be a function of the project."""
    return number


def set_later() -> Order:
    """Return a dataclass that holds more than it declares."""
    order = Order(1, [Point(1), Point(2, "there")])
    order.__dict__["note"] = "set later"
    return order


def moved() -> OrderedDict[str, int]:
    """Return an ordered dict whose order is not that of its insertion."""
    ordered = OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    return ordered


VALUES: dict[str, Any] = {
    "nested": {"a": [1, {"b": [None, True, 1.5, "ü"]}]},
    "tuple": (1, (2, [3])),
    "int keys": {1: "a", (2, 3): "b", None: "c"},
    "dollar key": {"$": "tuple", "v": [1]},
    "set": {1, 2, "x"},
    "frozenset": frozenset({(1, 2), (3, 4)}),
    "deque": deque([1, 2], maxlen=5),
    "defaultdict": defaultdict(list, {"a": [1]}),
    "ordered": OrderedDict(b=1, a=2),
    "counter": Counter("hello"),
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"ab"),
    "datetime zone": datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    "datetime utc": datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    "datetime offset": datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=5, minutes=30))),
    "datetime naive": datetime(2024, 1, 2),
    "date": date(2024, 2, 29),
    "time": time(1, 2, 3, 4, tzinfo=UTC),
    "timedelta": timedelta(days=-1, microseconds=5),
    "timezone": timezone(timedelta(hours=-3)),
    "decimal": Decimal("1.10"),
    "uuid": UUID(int=7),
    "enum": Colour.RED,
    "flag": Access.READ | Access.RUN,
    "no flag": Access(0),
    "int enum": Level.LOW,
    "str enum": Mood.GOOD,
    "named tuple": Point(1, "x"),
    "untyped named tuple": Pair(1, [2]),
    "dataclass": set_later(),
    "frozen dataclass": Frozen("f", Order(2)),
    "object": Plain("p"),
    "slots": Slotted(4),
    "pydantic": Country(capital=City(name="Ulm"), cities={"u": City(name="Ulm", people=1)}, anthem=["la", "la"]),
    "big int": 2**70,
    "negative big int": -(2**70),
    "surrogate": "a\ud800b",
    "surrogate key": {"\udfff": 1},
    "complex": complex(1, float("inf")),
    "range": range(1, 10, 3),
    "ellipsis": ...,
    "path": Path("/tmp/x") / "ü",
    "pure path": PurePosixPath("a/b"),
    "regex": re.compile(r"a+\d", re.IGNORECASE),
    "bytes regex": re.compile(rb"a"),
    "type": Order,
    "builtin type": dict,
    "function": helper,
    "list subclass": Words(["a", "b"]),
    "moved ordered": moved(),
    "time fold": time(1, 30, fold=1),
    "fraction": Fraction(1, 3),
    "zone": ZoneInfo("Europe/Berlin"),
    "address": IPv4Address("10.0.0.1"),
    "network": IPv6Network("2001:db8::/32"),
    "interface": IPv4Interface("10.0.0.1/24"),
    "namespace": SimpleNamespace(a=1, b=[(2,)]),
    "mapping proxy": MappingProxyType({"a": 1}),
    "array": array("d", [1.5, 2.5]),
    "memory": memoryview(b"abc"),
    "huge range": range(2**70),
    "attrs": Wheel("front", 4),
    "frozen attrs": Axle([Wheel("rear", 3)]),
    "dict attrs": Loose(1),
    "builtin function": len,
    "class method": Plain.named,
    "str subclass": Text("t"),
    "infinity": float("-inf"),
}
