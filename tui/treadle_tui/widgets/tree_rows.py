"""A trace's steps as rows of a tree: the display order and folding, as operations on whole arrays.

The store hands steps over in clock order, a parent before its children. Concurrent branches interleave there, so the
tree order is a permutation of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from treadle.model import STATUSES
from treadle_debugger.orders import tree_order

if TYPE_CHECKING:
    from treadle_storage.tree import Tree

Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outline:
    """The order of display: `order[row]` is a step, `rank[step]` its row, `size[step]` the steps of its subtree."""

    order: Ints
    rank: Ints
    size: Ints


def tree_outline(tree: "Tree") -> Outline:
    """Return the steps depth first, children in the order in which they started."""
    order = tree_order(tree.parent, tree.depth)
    return Outline(order.steps, order.places, _subtree_sizes(tree))


def clock_outline(tree: "Tree") -> Outline:
    """Return the steps as they started, whatever called them; nothing folds."""
    count = len(tree)
    steps = np.arange(count, dtype=np.int32)
    return Outline(steps, steps, np.ones(count, np.int32))


def visible_steps(outline: Outline, folded: Iterable[int]) -> Ints:
    """Return the steps that no fold hides, in display order."""
    heads = np.fromiter(folded, np.int64)
    if not len(heads):
        return outline.order
    first_hidden = outline.rank[heads].astype(np.int64) + 1
    edges = np.zeros(len(outline.order) + 1, np.int32)
    np.add.at(edges, first_hidden, 1)
    np.add.at(edges, first_hidden - 1 + outline.size[heads], -1)
    shown: Ints = outline.order[np.cumsum(edges[:-1]) == 0]
    return shown


def ancestors(parent: Ints, step: int) -> list[int]:
    """Return the callers of `step`, nearest first."""
    found: list[int] = []
    caller = int(parent[step])
    while caller >= 0:
        found.append(caller)
        caller = int(parent[caller])
    return found


def _subtree_sizes(tree: "Tree") -> Ints:
    """Return how many steps each step holds, itself among them: summed upwards, one depth at a time."""
    size = np.ones(len(tree), np.int32)
    by_depth = np.argsort(tree.depth, kind="stable")
    levels = np.split(by_depth, np.flatnonzero(np.diff(tree.depth[by_depth])) + 1)
    for level in reversed(levels[1:]):
        np.add.at(size, tree.parent[level], size[level])
    return size


def first_failures(tree: "Tree") -> Mask:
    """Return the steps that failed by themselves, not because a call of theirs did."""
    failed = np.isin(tree.status, [STATUSES.index("error"), STATUSES.index("interrupted")])
    callers = tree.parent[failed]
    first = failed.copy()
    first[callers[callers >= 0]] = False
    return first
