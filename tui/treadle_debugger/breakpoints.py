"""Breakpoints and tracepoints of a recording: their hits are known before anyone moves.

A breakpoint stands on a condition, which the store evaluates over all steps of the trace at once (a bare word is a glob
on the name, anything else SQL), or on a step's exact name. Its hits are a bitmap over the tree's rows, so `continue` is
a look ahead. Hits are computed when they are first needed, since a condition on payloads takes its time.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from treadle.errors import QueryError
from treadle.model import Json, Mark
from treadle_debugger.marks import Keeper, new_mark_id
from treadle_debugger.orders import Bitmap
from treadle_debugger.tracepoints import check_message

if TYPE_CHECKING:
    from treadle_storage import Store
    from treadle_storage.tree import Tree


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where to stop; with a message, where to only report."""

    breakpoint_id: str
    condition: str | None
    name: str | None
    """The exact name of the steps to stop at, where there is no condition."""
    enabled: bool = True
    message: str | None = None
    """What a tracepoint reports: text with SQL expressions in braces."""
    from_hit: int = 1
    """Stops at this hit and later ones; earlier hits do not count."""

    @property
    def text(self) -> str:
        """What it stands on, as the user typed it."""
        return self.condition or self.name or ""

    @property
    def meaning(self) -> tuple[str, str | None, int]:
        """What it does; two that do the same are one."""
        return self.text, self.message, self.from_hit

    @property
    def is_tracepoint(self) -> bool:
        """Whether it reports instead of stopping."""
        return self.message is not None


class Breakpoints:
    """The breakpoints that hold for one trace."""

    def __init__(self, store: "Store", trace_id: str, tree: "Tree", keeper: Keeper) -> None:
        self._store = store
        self._trace_id = trace_id
        self._tree = tree
        self._keeper = keeper
        kept = keeper.found_once("breakpoint", lambda mark: _from_mark(mark).meaning)
        self._all = {mark.mark_id: _from_mark(mark) for mark in kept}
        self._hits: dict[str, Bitmap] = {}
        self.errors: dict[str, str] = {}
        """Why a kept condition could not be evaluated, by breakpoint id."""

    def __iter__(self) -> Iterator[Breakpoint]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def trouble(self) -> str | None:
        """Why the store could not keep them, if it could not."""
        return self._keeper.trouble

    def add(self, condition: str, *, message: str | None = None, from_hit: int = 1) -> Breakpoint:
        """Add a breakpoint on a condition, or a tracepoint where there is a message.

        Raises:
            QueryError: the condition or the message cannot be evaluated, or there is such a breakpoint already;
                nothing was added.

        """
        condition = condition.strip()
        if not condition:
            raise QueryError("a breakpoint needs a condition: a name such as generate*, or SQL over a step's columns")
        if from_hit < 1:
            raise QueryError(f"hits are counted from 1, not from {from_hit}")
        self._refuse_twin(condition, message, from_hit)
        hits = self._store.hits(self._trace_id, condition)
        if message is not None:
            check_message(self._store, self._trace_id, self._tree.hex_id(0), message)
        point = Breakpoint(new_mark_id(), condition, None, message=message, from_hit=from_hit)
        self._hits[point.breakpoint_id] = hits
        return self._keep(point)

    def toggle_name(self, name: str) -> Breakpoint | None:
        """Set a breakpoint on every step of this exact name, or remove the one that is there."""
        there = next((point for point in self if point.meaning == (name, None, 1)), None)
        if there is not None:
            self.remove(there.breakpoint_id)
            return None
        return self._keep(Breakpoint(new_mark_id(), None, name))

    def enable(self, breakpoint_id: str, *, enabled: bool = True) -> Breakpoint:
        """Switch one on or off."""
        return self._keep(replace(self._all[breakpoint_id], enabled=enabled))

    def remove(self, breakpoint_id: str) -> None:
        """Remove one for good."""
        del self._all[breakpoint_id]
        self._hits.pop(breakpoint_id, None)
        self.errors.pop(breakpoint_id, None)
        self._keeper.forget(breakpoint_id, "breakpoint")

    def adopt(self, tree: "Tree") -> None:
        """Go over to a tree that has grown: all hits are to be computed anew."""
        self._tree = tree
        self._hits.clear()

    def is_ready(self, point: Breakpoint) -> bool:
        """Tell whether its hits are known; asking for them takes no time then."""
        return point.breakpoint_id in self._hits

    def hits(self, point: Breakpoint) -> Bitmap:
        """Return where its condition holds, over the tree's rows."""
        known = self._hits.get(point.breakpoint_id)
        if known is None:
            known = self._hits[point.breakpoint_id] = self._evaluate(point)
        return known

    def stops(self) -> Bitmap:
        """Return where a `continue` stops, over the tree's rows."""
        stops = np.zeros(len(self._tree), dtype=np.bool_)
        for point in self:
            if point.enabled and not point.is_tracepoint:
                stops |= self.effective_hits(point)
        return stops

    def effective_hits(self, point: Breakpoint) -> Bitmap:
        """Return its hits from the one it waits for onwards."""
        hits = self.hits(point)
        if point.from_hit == 1:
            return hits
        return hits & (np.cumsum(hits) >= point.from_hit)

    def at(self, row: int) -> list[Breakpoint]:
        """Return the enabled ones that hit at a row of the tree."""
        return [point for point in self if point.enabled and self.effective_hits(point)[row]]

    def describe_hit(self, point: Breakpoint, row: int) -> str:
        """Say which hit of a breakpoint a row is: `kind = 'llm' (3 of 7)`."""
        hits = self.hits(point)
        return f"{point.text} ({int(hits[: row + 1].sum())} of {int(hits.sum())})"

    def _refuse_twin(self, *meaning: str | int | None) -> None:
        for number, point in enumerate(self, 1):
            if point.meaning == meaning:
                state = "" if point.enabled else ", but it is off"
                raise QueryError(f"breakpoint {number} stands on {point.text} already{state}")

    def _evaluate(self, point: Breakpoint) -> Bitmap:
        if point.condition is None:
            return self._named(point.name)
        try:
            return self._store.hits(self._trace_id, point.condition)
        except QueryError as error:
            self.errors[point.breakpoint_id] = str(error)
            return np.zeros(len(self._tree), dtype=np.bool_)

    def _named(self, name: str | None) -> Bitmap:
        if name not in self._tree.names:
            return np.zeros(len(self._tree), dtype=np.bool_)
        return np.equal(self._tree.name, self._tree.names.index(name))

    def _keep(self, point: Breakpoint) -> Breakpoint:
        self._all[point.breakpoint_id] = point
        value = {name: value for name, value in asdict(point).items() if name != "breakpoint_id"}
        self._keeper.keep(point.breakpoint_id, "breakpoint", value)
        return point


def _from_mark(mark: Mark) -> Breakpoint:
    value: dict[str, Json] = mark.value if isinstance(mark.value, dict) else {}
    condition, name, message = value.get("condition"), value.get("name"), value.get("message")
    from_hit = value.get("from_hit")
    return Breakpoint(
        breakpoint_id=mark.mark_id,
        condition=condition if isinstance(condition, str) else None,
        name=name if isinstance(name, str) else None,
        enabled=value.get("enabled") is not False,
        message=message if isinstance(message, str) else None,
        from_hit=from_hit if isinstance(from_hit, int) else 1,
    )
