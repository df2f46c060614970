"""The promise: of the 21 types that a recording should bring back, every one comes back equal and of its type."""

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from codec_types import City, Colour, Country, Denied, Order, Point
from PIL import Image

from treadle.values import encode
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()


def adder(step: int) -> Callable[[int], int]:
    """Return a lambda with a closure."""
    return lambda number: number + step


def picture() -> Image.Image:
    """Return an image with something in it."""
    image = Image.new("RGB", (3, 2), (1, 2, 3))
    image.putpixel((1, 1), (9, 8, 7))
    return image


TARGET: dict[str, Any] = {
    "nested dict and list": {"a": [1, {"b": [None, True, 1.5, "ü"]}]},
    "tuple": (1, (2, [3])),
    "int-keyed dict": {1: "a", 2: "b"},
    "set": {1, 2, "x"},
    "bytes": b"\x00\xff",
    "datetime with zone": datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
    "Decimal": Decimal("1.10"),
    "UUID": uuid.UUID(int=7),
    "enum": Colour.RED,
    "namedtuple": Point(1, "x"),
    "dataclass": Order(1, [Point(1), Point(2, "there")]),
    "nested pydantic": Country(capital=City(name="Ulm"), cities={"u": City(name="Ulm", people=1)}),
    "pydantic with extra": Country(capital=City(name="Ulm"), anthem=["la", "la"]),
    "big int": 2**70,
    "NaN": float("nan"),
    "lone surrogate": "a\ud800b",
    "numpy array": np.arange(6, dtype="f4").reshape(2, 3),
    "PIL image": picture(),
    "pandas DataFrame": pd.DataFrame({"n": [1, 2], "s": ["a", None], "t": pd.date_range("2024", periods=2, tz="UTC")}),
    "exception": Denied("Ann", code=3),
    "lambda with a closure": adder(4),
}


def is_same(revived: Any, value: Any) -> bool:
    """Tell whether what came back is equal, and of the same type."""
    if type(revived) is not type(value):
        return False
    if isinstance(value, float):
        return bool(np.isnan(revived)) and bool(np.isnan(value))
    if isinstance(value, np.ndarray):
        return revived.dtype == value.dtype and np.array_equal(revived, value)
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(revived, value)
        return True
    if isinstance(value, BaseException):
        return revived.args == value.args and vars(revived) == vars(value)
    return revived(1) == value(1) == 5 if callable(value) else bool(revived == value)


@pytest.mark.parametrize("name", TARGET)
def test_each_of_the_21_target_types_comes_back_equal_and_of_its_type(name: str) -> None:
    """Each of the 21: json, orjson and msgspec keep 0 to 3 of them."""
    encoded = encode({"value": TARGET[name]}, REDACTOR)
    assert encoded.why is None
    assert is_same(revive(encoded.payload)["value"], TARGET[name])


def test_there_are_21() -> None:
    """None was left out."""
    assert len(TARGET) == 21
