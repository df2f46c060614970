"""Digests of values: what makes two calls the same."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from codec_types import Order, Plain, Point
from hypothesis import given
from hypothesis import strategies as st

from treadle.values import digest, encode
from treadle.values.redact import Redactor

KEYS = st.text(max_size=5) | st.integers() | st.booleans()


def of(value: Any) -> str:
    """Return the digest of a value."""
    return digest(encode(value, Redactor()).payload)[0]


def is_assumed(value: Any) -> bool:
    """Tell whether the digest leaves something out."""
    return digest(encode(value, Redactor()).payload)[1]


@given(st.dictionaries(KEYS, st.integers() | st.text(max_size=3), max_size=6), st.randoms())
def test_the_order_of_keys_does_not_count(value: dict[Any, Any], random: Any) -> None:
    """Two dicts that are equal have one digest."""
    items = list(value.items())
    random.shuffle(items)
    assert of(dict(items)) == of(value)


@given(st.lists(st.integers() | st.text(max_size=4), max_size=8, unique=True), st.randoms())
def test_the_order_of_a_set_does_not_count(items: list[Any], random: Any) -> None:
    """Two sets that are equal have one digest, two lists only in the same order."""
    shuffled = items.copy()
    random.shuffle(shuffled)
    assert of(set(shuffled)) == of(set(items))
    assert (of(shuffled) == of(items)) == (shuffled == items)


@given(st.lists(st.integers() | st.text(max_size=4) | st.none(), max_size=4))
def test_different_values_differ(items: list[Any]) -> None:
    """One more, another type, another place: another digest."""
    assert of(items) != of([*items, None])
    assert of(items) != of(tuple(items))
    assert of({"a": items}) != of({"b": items})


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), ("1", 1), (0.0, -0.0), (b"a", "a"), ({1: 2}, {"1": 2})]
)
def test_types_count(one: Any, other: Any) -> None:
    """Python's equality is not what makes a call the same."""
    assert of(one) != of(other)


def test_equal_objects_have_one_digest() -> None:
    """Addresses do not count, fields do."""
    assert of(Plain("a")) == of(Plain("a")) != of(Plain("b"))
    assert of(Order(1, [Point(1)])) == of(Order(1, [Point(1)])) != of(Order(1, [Point(2)]))


def test_what_is_not_recorded_counts_as_its_type_and_is_assumed() -> None:
    """Two opaque values of one type match, and the match says that it assumes so."""
    assert of([iter([1])]) == of([iter([2])]) != of([iter("text")])
    assert is_assumed([iter([1])])
    assert not is_assumed([1, {"a": (1,)}])


def test_a_long_text_counts_whole() -> None:
    """What was cut off is in the digest."""
    assert of("x" * 2_000_000 + "a") != of("x" * 2_000_000 + "b")
    assert not is_assumed("x" * 2_000_000)


def test_digests_are_the_same_in_every_process() -> None:
    """Hash seeds do not count."""
    source = (
        "from treadle.values import digest, encode\nfrom treadle.values.redact import Redactor\n"
        "print(digest(encode({'s': {'a', 'b', 'c', 1}, 2: frozenset('xyz')}, Redactor()).payload)[0])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", source], env={"PYTHONHASHSEED": seed, "HOME": str(Path.home())}, check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(outputs) == 1
