"""A trace as flat arrays, one entry a step: what the debugger steps through, 100,000 steps in milliseconds.

Everything is computed at once over whole arrays. The order is that of starting; a child whose clock puts it before its
parent is shifted, and its own children with it, and `shifted_ns` says by how much.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from treadle_storage.columns import Column, Columns

Array: TypeAlias = NDArray[Any]
SOURCES = ("live", "served", "overridden")


@dataclass(frozen=True)
class Tree:
    """The steps of a trace in clock order, a parent before its children."""

    span_id: NDArray[np.uint64]
    parent: NDArray[np.int32]
    """Index of the parent in these arrays, -1 for a root."""
    depth: NDArray[np.int16]
    start_ns: NDArray[np.int64]
    duration_ns: NDArray[np.int64]
    """-1 while the step runs, and where it was interrupted."""
    kind: NDArray[np.uint8]
    """Index into `treadle.model.KINDS`."""
    status: NDArray[np.uint8]
    """Index into `treadle.model.STATUSES`."""
    name: NDArray[np.int32]
    names: tuple[str, ...]
    model: NDArray[np.int32]
    """Index into `models`, -1 where there is none."""
    models: tuple[str, ...]
    input_tokens: NDArray[np.int32]
    """-1 where it is not known."""
    output_tokens: NDArray[np.int32]
    thread: NDArray[np.int32]
    """Small numbers, one for each thread of each process, in order of appearance."""
    source: NDArray[np.uint8]
    """Index into `SOURCES`."""
    replayable: NDArray[np.bool_]
    shifted_ns: NDArray[np.int64]
    """By how much the start was moved because clocks disagree; 0 nearly always."""

    def __len__(self) -> int:
        return len(self.span_id)

    def hex_id(self, index: int) -> str:
        """Return a step's span id as 16 hex digits."""
        return f"{int(self.span_id[index]):016x}"

    def index_of(self, span_hex: str) -> int:
        """Return where a span stands.

        Raises:
            KeyError: it is not in this trace.

        """
        order, ids = self._by_id
        wanted = np.uint64(int(span_hex, 16))
        position = int(np.searchsorted(ids, wanted))
        if position == len(ids) or ids[position] != wanted:
            raise KeyError(span_hex)
        return int(order[position])

    @cached_property
    def _by_id(self) -> tuple[Array, Array]:
        order = np.argsort(self.span_id, kind="stable")
        return order, self.span_id[order]


@dataclass(frozen=True, slots=True)
class ClockOrder:
    """How rows that come by (started_at, process, seq) stand in a trace."""

    rows: Array
    """Row numbers in the order of the tree."""
    parent: NDArray[np.int32]
    depth: NDArray[np.int16]
    shifted_ns: NDArray[np.int64]


def tree_of(columns: Columns) -> Tree:
    """Make a tree of the answer to the question `tree`."""
    name, model = columns["name"], columns["model"]
    return Tree(
        span_id=columns["span_id"].values,
        parent=columns["parent"].values,
        depth=columns["depth"].values,
        start_ns=columns["start_ns"].values,
        duration_ns=columns["duration_ns"].values,
        kind=columns["kind"].values,
        status=columns["status"].values,
        name=name.values,
        names=_entries(name),
        model=model.values,
        models=_entries(model),
        input_tokens=columns["input_tokens"].values,
        output_tokens=columns["output_tokens"].values,
        thread=columns["thread"].values,
        source=columns["source"].values,
        replayable=columns["replayable"].values,
        shifted_ns=columns["shifted_ns"].values,
    )


def clock_order(span_id: Array, parent_id: Array, has_parent: Array, start_ns: Array, process: Array) -> ClockOrder:
    """Order rows that are sorted by (started_at, process, seq) so that a parent comes before its children.

    Parents that are not among the rows count as none; so does a parent that would close a circle.
    """
    parent = _without_circles(_parent_rows(span_id, parent_id, has_parent))
    rows = np.arange(len(span_id))
    shifted = np.zeros(len(span_id), dtype=np.int64)
    depth = _depths(parent)
    if (parent < rows).all():
        return ClockOrder(rows, parent, depth, shifted)
    shifted = _shifts(parent, depth, start_ns, process)
    order = np.lexsort((rows, depth, start_ns + shifted))
    place = np.empty(len(rows), dtype=np.int32)
    place[order] = rows
    moved = parent[order]
    return ClockOrder(order, np.where(moved >= 0, place[moved], -1).astype(np.int32), depth[order], shifted[order])


def _parent_rows(span_id: Array, parent_id: Array, has_parent: Array) -> NDArray[np.int32]:
    if not len(span_id):
        return np.zeros(0, dtype=np.int32)
    by_id = np.argsort(span_id, kind="stable")
    sorted_ids = span_id[by_id]
    places = np.minimum(np.searchsorted(sorted_ids, parent_id), len(span_id) - 1)
    found = has_parent & (sorted_ids[places] == parent_id)
    return np.where(found, by_id[places], -1).astype(np.int32)


def _without_circles(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cut the steps that are their own ancestors loose: only forged or broken records hold such."""
    ancestor = parent.copy()
    hops = 1
    while (ancestor >= 0).any():
        if hops > len(parent):
            circular = np.unique(ancestor[ancestor >= 0])
            cut = parent.copy()
            cut[circular] = -1
            return _without_circles(cut)
        ancestor = np.where(ancestor >= 0, ancestor[ancestor], -1)
        hops *= 2
    return parent


def _depths(parent: NDArray[np.int32]) -> NDArray[np.int16]:
    """Count ancestors by doubling the distance of the jump: a few passes however deep the trace is."""
    depth = (parent >= 0).astype(np.int32)
    ancestor = parent.copy()
    while (ancestor >= 0).any():
        depth = depth + np.where(ancestor >= 0, depth[ancestor], 0)
        ancestor = np.where(ancestor >= 0, ancestor[ancestor], -1)
    return np.minimum(depth, np.iinfo(np.int16).max).astype(np.int16)


def _shifts(parent: Array, depth: Array, start_ns: Array, process: Array) -> NDArray[np.int64]:
    """Return by how much each start must move: with its parent in the same process, else to just after it."""
    shifted = np.zeros(len(parent), dtype=np.int64)
    by_depth = np.argsort(depth, kind="stable")
    bounds = np.searchsorted(depth[by_depth], np.arange(1, int(depth.max()) + 2))
    for first, last in pairwise(bounds):
        level = by_depth[first:last]
        above = parent[level]
        carried = np.where(process[level] == process[above], shifted[above], 0)
        earliest = start_ns[above] + shifted[above] + (level < above)
        shifted[level] = np.maximum(carried, earliest - start_ns[level])
        shifted[level] = np.maximum(shifted[level], 0)
    return shifted


def _entries(column: Column) -> tuple[str, ...]:
    return tuple(str(entry) for entry in column.dictionary or ())
