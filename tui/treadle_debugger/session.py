"""A debugging session on one recorded trace: where it stands, and every way to move from there.

The position is one step, a row of the tree. Moves answer with a `Moved` and never raise at an end: they say which end
it was and stay. Payloads are not touched here; a face reads those of the position from the store.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from treadle.errors import NotFoundError
from treadle.model import STATUSES
from treadle_debugger import moves
from treadle_debugger.bookmarks import Bookmarks
from treadle_debugger.breakpoints import Breakpoints
from treadle_debugger.history import History
from treadle_debugger.marks import Keeper
from treadle_debugger.moved import Moved
from treadle_debugger.orders import Bitmap, Order, OrderName, clock_order, tree_order
from treadle_debugger.tracepoints import Logged, MessageLog
from treadle_debugger.watches import Reading, Watches

if TYPE_CHECKING:
    from treadle_storage import Store
    from treadle_storage.tree import Tree

END_OF_TRACE = "end of trace"
START_OF_TRACE = "start of trace"
FAILED_STATUSES = [STATUSES.index("error"), STATUSES.index("interrupted")]


class Session:
    """A trace being looked at: tree, order, position, history, breakpoints and watches."""

    def __init__(self, store: "Store", trace_id: str, *, span_id: str | None = None) -> None:
        """Load the trace and stand on a span, or on the first step.

        Raises:
            NotFoundError: there is no such trace or span, or the trace has no steps.

        """
        self.store = store
        self.trace_id = trace_id
        self.tree: Tree = store.tree(trace_id)
        if not len(self.tree):
            raise NotFoundError(f"trace {trace_id} has no steps")
        self.order_name: OrderName = "tree"
        self._orders: dict[OrderName, Order] = {}
        keeper = Keeper(store, trace_id)
        self.breakpoints = Breakpoints(store, trace_id, self.tree, keeper)
        self.watches = Watches(store, trace_id, keeper)
        self.bookmarks = Bookmarks(trace_id, keeper)
        self._messages = MessageLog(store, trace_id)
        self.found_text: str | None = None
        self.found: Bitmap = np.zeros(len(self.tree), dtype=np.bool_)
        """Where the text of the last search occurs, over the tree's rows."""
        self.position = 0 if span_id is None else self._row_of(span_id)
        self.history = History(self.span_id)

    @property
    def span_id(self) -> str:
        """The span at the position."""
        return self.tree.hex_id(self.position)

    @property
    def order(self) -> Order:
        """The order that moves follow."""
        known = self._orders.get(self.order_name)
        if known is None:
            in_tree = self.order_name == "tree"
            known = tree_order(self.tree.parent, self.tree.depth) if in_tree else clock_order(self.tree.depth)
            self._orders[self.order_name] = known
        return known

    @property
    def place(self) -> int:
        """Where the position stands in the order, from 0."""
        return int(self.order.places[self.position])

    def toggle_order(self) -> OrderName:
        """Change between the call tree and the clock; the position stays."""
        self.order_name = "clock" if self.order_name == "tree" else "tree"
        return self.order_name

    # The eight moves.

    def next(self, count: int = 1) -> Moved:
        """Go to the next step that is not deeper."""
        return self._walk(partial(moves.next_step, self.order.depths), count, END_OF_TRACE)

    def reverse_next(self, count: int = 1) -> Moved:
        """Go back to the previous step that is not deeper."""
        return self._walk(partial(moves.next_step, self.order.depths, reverse=True), count, START_OF_TRACE)

    def step(self, count: int = 1) -> Moved:
        """Go to the next step in order, into calls."""
        return self._walk(partial(moves.step, self.order.depths), count, END_OF_TRACE)

    def reverse_step(self, count: int = 1) -> Moved:
        """Go back to the previous step in order."""
        return self._walk(partial(moves.step, self.order.depths, reverse=True), count, START_OF_TRACE)

    def finish(self, count: int = 1) -> Moved:
        """Go out of this call, to the next shallower step."""
        return self._walk(partial(moves.finish, self.order.depths), count, END_OF_TRACE)

    def reverse_finish(self, count: int = 1) -> Moved:
        """Go back to where this call was made."""
        return self._walk(partial(moves.finish, self.order.depths, reverse=True), count, START_OF_TRACE)

    def continue_(self, count: int = 1) -> Moved:
        """Go to the next stop of a breakpoint."""
        return self._to_wanted(self.breakpoints.stops(), count, END_OF_TRACE, reverse=False, says_stop=True)

    def reverse_continue(self, count: int = 1) -> Moved:
        """Go back to the previous stop of a breakpoint."""
        return self._to_wanted(self.breakpoints.stops(), count, START_OF_TRACE, reverse=True, says_stop=True)

    # Jumps.

    def next_error(self, count: int = 1) -> Moved:
        """Go to the next step that ended in error or was interrupted."""
        return self._to_wanted(self.errors(), count, "no later error", reverse=False)

    def previous_error(self, count: int = 1) -> Moved:
        """Go to the previous step that ended in error or was interrupted."""
        return self._to_wanted(self.errors(), count, "no earlier error", reverse=True)

    def find(self, text: str) -> int:
        """Search the trace's payloads; return how many steps hold the text. The position stays."""
        self.found = self.store.search(self.trace_id, text)
        self.found_text = text
        return int(self.found.sum())

    def next_match(self, count: int = 1) -> Moved:
        """Go to the next step that holds the text."""
        return self._to_wanted(self.found, count, "no later match", reverse=False)

    def previous_match(self, count: int = 1) -> Moved:
        """Go to the previous step that holds the text."""
        return self._to_wanted(self.found, count, "no earlier match", reverse=True)

    def go_to(self, row: int) -> Moved:
        """Stand on a row of the tree."""
        moved = row != self.position
        self.position = row
        self.history.visit(self.span_id)
        return Moved(row, int(moved))

    def go_to_span(self, span_id: str) -> Moved:
        """Stand on a span, named by its whole id.

        Raises:
            NotFoundError: the trace has no such span.

        """
        return self.go_to(self._row_of(span_id))

    def go_to_place(self, place: int) -> Moved:
        """Stand on a place in the order, from 0; beyond an end, on the last place there."""
        inside = min(max(place, 0), len(self.order) - 1)
        return self.go_to(int(self.order.steps[inside]))

    def up(self, count: int = 1) -> Moved:
        """Go to the caller."""
        return self._walk_rows(self._parent_of, count, "outermost call")

    def down(self, count: int = 1) -> Moved:
        """Go to the first call made here."""
        return self._walk_rows(self._first_child_of, count, "innermost call")

    def back(self, count: int = 1) -> Moved:
        """Go back in the jump history."""
        return self._to_visited(self.history.back(count), "start of the jump history")

    def forward(self, count: int = 1) -> Moved:
        """Go forward in the jump history, after going back."""
        return self._to_visited(self.history.forward(count), "end of the jump history")

    # What is seen from here.

    def errors(self) -> Bitmap:
        """Return which rows ended in error or were interrupted."""
        return np.isin(self.tree.status, FAILED_STATUSES)

    def stack(self) -> list[int]:
        """Return the rows from the root to the position."""
        rows = [self.position]
        while (parent := self._parent_of(rows[-1])) is not None:
            rows.append(parent)
        return rows[::-1]

    def readings(self) -> list[Reading]:
        """Return every watch's value here, and at the position before."""
        return self.watches.read(self.span_id, before=self.history.previous)

    def add_watch(self, expression: str) -> None:
        """Watch an expression from now on.

        Raises:
            QueryError: it cannot be evaluated, or is watched already; nothing was added.

        """
        self.watches.add(expression, at=self.span_id)

    def display(self, expression: str) -> list[str | None]:
        """Return an expression's value at every row of the tree."""
        return self.store.column(self.trace_id, expression)

    def toggle_breakpoint_here(self) -> bool:
        """Set or remove the breakpoint on steps of this name; return whether there is one now."""
        name = self.tree.names[int(self.tree.name[self.position])]
        return self.breakpoints.toggle_name(name) is not None

    def adopt(self, tree: "Tree") -> None:
        """Go over to a tree that has grown since; the position stays on its span."""
        span_id = self.span_id
        self.tree = tree
        self.position = tree.index_of(span_id)
        self._orders.clear()
        self.breakpoints.adopt(tree)
        self.watches.forget_values()
        self._messages.forget()
        grown = np.zeros(len(tree), dtype=np.bool_)
        if self.found_text is not None:
            grown = self.store.search(self.trace_id, self.found_text)
        self.found = grown

    def _walk(self, move: moves.Move, count: int, end: str) -> Moved:
        start = self.place
        place, made = moves.repeat(move, start, count)
        logged = self._say(start, place)
        self.go_to(int(self.order.steps[place]))
        return Moved(self.position, made, end=end if made < count else None, logged=logged)

    def _to_wanted(self, wanted: Bitmap, count: int, end: str, *, reverse: bool, says_stop: bool = False) -> Moved:
        in_order = wanted[self.order.steps]
        moved = self._walk(partial(moves.nearest, in_order, reverse=reverse), count, end)
        if not (says_stop and moved.moves):
            return moved
        stopping = [point for point in self.breakpoints.at(moved.position) if not point.is_tracepoint]
        texts = [self.breakpoints.describe_hit(point, moved.position) for point in stopping]
        return Moved(moved.position, moved.moves, ", ".join(texts), moved.end, moved.logged)

    def _walk_rows(self, move: Callable[[int], int | None], count: int, end: str) -> Moved:
        row, made = moves.repeat(move, self.position, count)
        self.go_to(row)
        return Moved(row, made, end=end if made < count else None)

    def _to_visited(self, span_id: str | None, end: str) -> Moved:
        if span_id is None:
            return Moved(self.position, end=end)
        self.position = self.tree.index_of(span_id)
        return Moved(self.position, 1)

    def _say(self, start: int, place: int) -> tuple[Logged, ...]:
        """Return what tracepoints say between two places, the start not included."""
        tracepoints = [point for point in self.breakpoints if point.enabled and point.is_tracepoint]
        passed = range(start + 1, place + 1) if place > start else range(start - 1, place - 1, -1)
        if not (tracepoints and passed):
            return ()
        rows = self.order.steps[passed.start : passed.stop] if place > start else self.order.steps[place:start][::-1]
        said = []
        for order_of_point, point in enumerate(tracepoints):
            offsets = np.flatnonzero(self.breakpoints.effective_hits(point)[rows])
            said += [(int(offset), order_of_point, point.message or "") for offset in offsets]
        return tuple(
            Logged(int(rows[offset]), self._messages.render(message, int(rows[offset])))
            for offset, _, message in sorted(said)
        )

    def _row_of(self, span_id: str) -> int:
        try:
            return self.tree.index_of(span_id)
        except (KeyError, ValueError):
            raise NotFoundError(f"trace {self.trace_id} has no step {span_id}") from None

    def _parent_of(self, row: int) -> int | None:
        parent = int(self.tree.parent[row])
        return None if parent < 0 else parent

    def _first_child_of(self, row: int) -> int | None:
        children = np.flatnonzero(self.tree.parent == row)
        return int(children[0]) if len(children) else None
