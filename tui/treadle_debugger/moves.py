"""The eight moves, as pure functions over the depths of an order.

Each move is written once, for both directions: reverse is the same rule read backwards, so that reverse mirrors forward
exactly. A move answers with a place, or with None where the trace ends; nothing wraps around.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from treadle_debugger.orders import Bitmap

Depths: TypeAlias = NDArray[np.signedinteger[Any]]
Move: TypeAlias = Callable[[int], int | None]


def step(depths: Depths, place: int, *, reverse: bool = False) -> int | None:
    """Return the next place in order, into calls."""
    target = place - 1 if reverse else place + 1
    return target if 0 <= target < len(depths) else None


def next_step(depths: Depths, place: int, *, reverse: bool = False) -> int | None:
    """Return the next place that is not deeper."""
    return nearest(depths <= depths[place], place, reverse=reverse)


def finish(depths: Depths, place: int, *, reverse: bool = False) -> int | None:
    """Return the next place that is shallower: out of the call that made this one, or back to where it was made.

    In the call tree, going back is going to the parent. In clock order it is the latest shallower step, which
    another task may have made.
    """
    return nearest(depths < depths[place], place, reverse=reverse)


def nearest(wanted: Bitmap, place: int, *, reverse: bool = False) -> int | None:
    """Return the next wanted place after this one; `wanted` is in the order of places."""
    ahead = wanted[:place][::-1] if reverse else wanted[place + 1 :]
    if not len(ahead):
        return None
    offset = int(ahead.argmax())
    if not ahead[offset]:
        return None
    return place - 1 - offset if reverse else place + 1 + offset


def repeat(move: Move, place: int, count: int) -> tuple[int, int]:
    """Make a move up to `count` times; return the last place reached, and how many moves were made."""
    for made in range(count):
        target = move(place)
        if target is None:
            return place, made
        place = target
    return place, count
