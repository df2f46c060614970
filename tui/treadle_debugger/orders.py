"""The two orders in which a trace is walked: the call tree, and the clock.

A step is a row of the tree, which stands in clock order; a place is where the step stands in the order of walking. The
call tree is the depth-first preorder: each step is followed by what it called, siblings in the order of starting.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

OrderName: TypeAlias = Literal["tree", "clock"]
Bitmap: TypeAlias = NDArray[np.bool_]
"""One truth for each step or place of a trace."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """One way to walk a trace: which step stands at a place, where a step stands, how deep each place is."""

    steps: NDArray[np.int32]
    places: NDArray[np.int32]
    depths: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.steps)


def clock_order(depth: NDArray[np.int16]) -> Order:
    """Return the order of starting, which is the tree's own."""
    steps = np.arange(len(depth), dtype=np.int32)
    return Order(steps=steps, places=steps, depths=depth)


def tree_order(parent: NDArray[np.int32], depth: NDArray[np.int16]) -> Order:
    """Return the depth-first preorder of the call tree."""
    places = _preorder_places(parent, depth)
    steps = np.empty(len(parent), dtype=np.int32)
    steps[places] = np.arange(len(parent), dtype=np.int32)
    return Order(steps=steps, places=places, depths=depth[steps])


def _preorder_places(parent: NDArray[np.int32], depth: NDArray[np.int16]) -> NDArray[np.int32]:
    """Return each step's place: its parent's, plus one, plus the sizes of its elder siblings' subtrees."""
    levels = _rows_by_depth(depth)
    sizes = np.ones(len(parent), dtype=np.int32)
    for rows in reversed(levels[1:]):
        np.add.at(sizes, parent[rows], sizes[rows])
    places = np.zeros(len(parent), dtype=np.int32)
    for level, in_clock_order in enumerate(levels):
        callers = places[parent[in_clock_order]] if level else np.full(len(in_clock_order), -1, dtype=np.int32)
        by_family = np.argsort(callers, kind="stable")
        rows, above = in_clock_order[by_family], callers[by_family]
        elders = np.cumsum(sizes[rows]) - sizes[rows]
        is_eldest = np.append(True, above[1:] != above[:-1])
        eldest = np.maximum.accumulate(np.where(is_eldest, np.arange(len(rows)), 0))
        places[rows] = above + 1 + elders - elders[eldest]
    return places


def _rows_by_depth(depth: NDArray[np.int16]) -> list[NDArray[np.intp]]:
    """Return the rows of each depth, in clock order."""
    if not len(depth):
        return []
    by_depth = np.argsort(depth, kind="stable")
    return np.split(by_depth, np.flatnonzero(np.diff(depth[by_depth])) + 1)
