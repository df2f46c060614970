"""However deep, long, wide or often a value is: what is written is bounded, and says what was cut."""

import json
import mmap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from treadle.values import digest, encode, plain
from treadle.values.redact import Redactor

REDACTOR = Redactor()


def deep(layer: Callable[[Any], Any]) -> Any:
    """Return a value nested deeper than any stack."""
    value: Any = None
    for _ in range(20_000):
        value = layer(value)
    return value


class Layer:
    """Holds one more."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


def bracket(value: Any) -> Any:
    """Return the value in a dict that JSON has no place for, in a list."""
    return {1: [value]}


ENORMOUS: dict[str, Callable[[], Any]] = {
    "deep lists": lambda: deep(lambda value: [value]),
    "deep dicts": lambda: deep(bracket),
    "deep objects": lambda: deep(Layer),
    "deep errors": lambda: deep(ValueError),
    "long text": lambda: "x" * 3_000_000,
    "wide": lambda: [[]] * 300_000,
    "wide twice": lambda: [[[0] * 1000] * 1000] * 1000,
    "texts many times over": lambda: [[["x" * 60_000] * 100] * 100] * 100,
    "long list": lambda: [0] * 6_000_000,
    "long tuple": lambda: (0,) * 6_000_000,
    "long dict": lambda: dict.fromkeys(range(6_000_000)),
    "long bytes": lambda: bytes(20_000_000),
    "huge int": lambda: 1 << 10_000_000,
    "huge key": lambda: {1 << 10_000_000: 1},
    "huge array": lambda: np.broadcast_to(np.int8(1), (10**6, 10**6)),
    "huge texts": lambda: np.broadcast_to(np.str_("ab"), (10**6, 10**6)),
    "many lists": lambda: [[0] * 1_000_000] * 10,
}


@pytest.mark.parametrize("name", ENORMOUS)
def test_what_is_enormous_is_bounded_and_says_so(name: str) -> None:
    """However deep, long, wide or often: what is written parses, is bounded, and names what is missing."""
    encoded = encode({"value": ENORMOUS[name]()}, REDACTOR)
    json.loads(plain(encoded.payload))
    assert len(encoded.payload) < 200_000_000
    assert "cut: " in (encoded.why or "")


def test_half_a_gigabyte_is_neither_copied_nor_digested_whole() -> None:
    """Its length is told, and a digest of its beginning: that two of them are one is an assumption."""
    with mmap.mmap(-1, 500_000_000) as sparse, memoryview(sparse) as view:
        seen = encode({"value": view}, REDACTOR)
    held = encode({"value": bytearray(500_000_000)}, REDACTOR)
    for encoded in (seen, held):
        assert encoded.why == "value: cut: 500,000,000 bytes"
        assert len(encoded.payload) < 200
        assert digest(encoded.payload)[1]


def test_what_was_cut_says_how_much() -> None:
    """A long text keeps its beginning, its length and a digest of all of it."""
    encoded = encode("x" * 1_500_000, REDACTOR)
    cut = json.loads(encoded.payload)
    assert (cut["$"], cut["size"], len(cut["v"])) == ("cut", 1_500_000, 1_000_000)
    assert encoded.why == "cut: 1,500,000 characters, 1,000,000 kept"


def test_a_collection_that_is_too_long_keeps_its_first_items() -> None:
    """And its length, and those keys that JSON has no place for."""
    for value in ([7] * 6_000_000, dict.fromkeys(range(6_000_000), 7)):
        tree = json.loads(encode(value, REDACTOR).payload)
        assert tree["size"] == 6_000_000
        assert len(json.loads(plain(json.dumps(tree).encode()))) == 1_000
