"""The locals of a failed call are shown by their beginnings: looking at them neither hangs nor reads them whole."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle


class Counted:
    """Counts how often it is looked at."""

    shown = compared = 0

    def __repr__(self) -> str:
        type(self).shown += 1
        return "counted"

    def __lt__(self, other: object) -> bool:
        type(self).compared += 1
        return id(self) < id(other)


@pytest.fixture(autouse=True)
def _anew() -> None:
    Counted.shown = Counted.compared = 0


def shown_of(store: Path, held: Any) -> str:
    """Return how the record of a failure shows what was held."""

    @treadle.trace(ignore=["held"])
    def fail() -> None:
        raise ValueError(type(held).__name__)

    with pytest.raises(ValueError, match=type(held).__name__):
        fail()
    (frame,) = recorded.only(store).end["error"]["frames"]
    return str(frame["locals"]["held"])


@pytest.mark.parametrize("kind", [list, type("Nodes", (list,), {})])
def test_lists_that_hold_each_other_are_shown_once(store: Path, kind: type[list[Any]]) -> None:
    """Each level multiplies what is shown, so that there is a most for all of them together."""
    nodes = [kind() for _ in range(8)]
    for node in nodes:
        node.extend([Counted(), *nodes])
    assert "counted" in shown_of(store, nodes)
    assert Counted.shown < 300


@pytest.mark.parametrize(
    ("make", "beginning"),
    [
        (set, "{counted, counted, "),
        (frozenset, "frozenset({counted, counted, "),
        (dict.fromkeys, "{counted: None, counted: None, "),
        (lambda items: defaultdict(None, dict.fromkeys(items)), "{counted: None, counted: None, "),
        (lambda items: dict.fromkeys(items).keys(), "dict_keys([counted, counted, "),
    ],
)
def test_a_large_collection_is_neither_sorted_nor_read_whole(store: Path, make: Any, beginning: str) -> None:
    """Its first items are shown, in its own order."""
    shown = shown_of(store, make([Counted() for _ in range(1_000)]))
    assert beginning in shown
    assert Counted.shown < 300
    assert Counted.compared == 0


def test_small_locals_are_shown_as_python_shows_them(store: Path) -> None:
    """Whatever they are made of."""
    held = [(1,), {"a": {2}}, frozenset({3}), b"x", -(2**70), None, set(), frozenset(), {}, 1.5, True]
    assert shown_of(store, held) == repr(held)


def test_of_many_locals_the_first_twenty_are_shown(store: Path) -> None:
    """The arguments stand first."""

    @treadle.trace
    def failing(**_: int) -> None:
        a = b = c = d = e = f = g = h = i = j = k = m = n = o = p = q = r = s = t = u = v = 0
        raise ValueError(a, b, c, d, e, f, g, h, i, j, k, m, n, o, p, q, r, s, t, u, v)

    with pytest.raises(ValueError, match="0"):
        failing(asked=1)
    (frame,) = recorded.only(store).end["error"]["frames"]
    assert list(frame["locals"]) == ["_", *"abcdefghijkmnopqrst"]
