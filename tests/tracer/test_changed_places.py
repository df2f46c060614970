"""Places inside values, as a user writes them, and what is put there."""

import collections
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import UsageError
from treadle.replay import paths
from treadle.values import encode
from treadle.values.redact import Redactor
from treadle.values.retag import retagged
from treadle.values.revive import revive

Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - the kind without annotations


@dataclasses.dataclass(frozen=True)
class Order:
    """An object that cannot be changed in place, and counts nothing when it is copied."""

    lines: tuple[Any, ...]


@given(st.lists(st.integers() | st.text(min_size=1).map(lambda part: part.replace('"', "'")), max_size=5))
def test_a_path_reads_as_it_is_written(path: list[int | str]) -> None:
    """Names with dots, brackets, quotes or line ends too."""
    assert paths.parse(paths.shown(tuple(path))) == tuple(path)


def test_what_is_around_a_place_is_copied() -> None:
    """Lists, tuples, named tuples, dictionaries and objects are what they were, and nothing changes in place."""
    held = {"orders": [Order((1, Point(2, {"deep": [3]})))]}
    changed = paths.replaced(held, paths.parse("$.orders[0].lines[1].y.deep[-1]"), "new")
    assert changed == {"orders": [Order((1, Point(2, {"deep": ["new"]})))]}
    assert held == {"orders": [Order((1, Point(2, {"deep": [3]})))]}
    assert paths.replaced({}, ("new",), 1) == {"new": 1}


@pytest.mark.parametrize("path", ["$.orders[1]", "$.nothing.inside", "$[0]", "$.orders.name"])
def test_a_place_that_is_not_there_is_named(path: str) -> None:
    """Up to the part that is missing."""
    with pytest.raises(UsageError, match="there is no"):
        paths.replaced({"orders": [1]}, paths.parse(path), 2)


@pytest.mark.parametrize(
    ("recorded", "edited", "expected"),
    [
        ((1, 2), [1, 3], (1, 3)),
        ({"a": {1, 2}}, {"a": [1, 2]}, {"a": {1, 2}}),
        (1, True, True),
        ([1.0], [1], [1]),
        (b"raw", "text", "text"),
    ],
)
def test_what_was_changed_is_of_the_recorded_type_where_it_can_be(recorded: Any, edited: Any, expected: Any) -> None:
    """And of its own where it cannot: 1, 1.0 and true are three."""
    revived = revive(retagged(encode(recorded, Redactor()).payload, edited))
    assert (revived, type(revived)) == (expected, type(expected))
