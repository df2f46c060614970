"""The calls of a trace as a tree with a waterfall, for traces of any size.

Rows are a view over the flat arrays of the trace: folding is an operation on whole arrays, and only the lines in
sight are painted. The widget shows a position and asks for another with a message; its owner moves it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from treadle_tui.widgets.line_view import LineView
from treadle_tui.widgets.span_row import GUTTER_CELLS, RowGeometry, RowState, paint_row
from treadle_tui.widgets.tree_rows import (
    Ints,
    Mask,
    Outline,
    ancestors,
    clock_outline,
    first_failures,
    tree_outline,
    visible_steps,
)  # fmt: skip

if TYPE_CHECKING:
    from rich.segment import Segment

    from treadle_storage.tree import Tree


class SpanTree(LineView):
    """The span tree: position, folds, breakpoint gutter, waterfall."""

    DEFAULT_CSS: ClassVar[str] = "SpanTree { overflow-x: hidden; scrollbar-size-vertical: 1; }"

    @dataclass
    class Chosen(Message):
        """The user wants to stand at `step`."""

        step: int

    @dataclass
    class GutterClicked(Message):
        """The user wants a breakpoint set or taken away at `step`."""

        step: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.trace: Tree | None = None
        self.position = -1
        self.clock_order = False
        self._outline = Outline(*(np.empty(0, np.int32) for _ in range(3)))
        self._folded: set[int] = set()
        self._rows: Ints = np.empty(0, np.int32)
        self._path: frozenset[int] = frozenset()
        self._stops: Mask | None = None
        self._matches: Mask | None = None
        self._failures: Mask = np.empty(0, np.bool_)
        self._geometry: RowGeometry | None = None

    # What is shown

    def load(self, tree: "Tree", *, position: int = 0) -> None:
        """Show a trace from the start, every fold open."""
        self.trace = tree
        self._folded.clear()
        self._stops = self._matches = None
        self._arrange()
        self.scroll_to(y=0, animate=False, force=True)
        self.move_to(position)

    def grow(self, tree: "Tree") -> None:
        """Show more of the trace it already shows: position, folds and the line at the top stay."""
        old = self.trace
        if old is None:
            self.load(tree)
            return
        top = self._rows[self.scroll_offset.y] if len(self._rows) > self.scroll_offset.y else None
        self.trace = tree
        where = _new_places(old, tree)
        self._folded = {int(where[step]) for step in self._folded}
        self.position = int(where[self.position]) if self.position >= 0 else -1
        self._stops = self._matches = None
        self._arrange()
        self._path = frozenset(ancestors(tree.parent, self.position)) if self.position >= 0 else frozenset()
        if top is not None:
            self.scroll_to(y=self._row_of(int(where[top])), animate=False, force=True)

    def set_order(self, *, clock: bool) -> None:
        """Show steps by call tree, or as they started."""
        self.clock_order = clock
        self._arrange()
        self.move_to(self.position)

    def set_stops(self, stops: Mask | None) -> None:
        """Mark the steps where a breakpoint stops."""
        self._stops = stops
        self.forget_painted()

    def set_matches(self, matches: Mask | None) -> None:
        """Mark the steps that a search found."""
        self._matches = matches
        self.forget_painted()

    # The position

    def move_to(self, step: int) -> None:
        """Stand at `step`: open what hides it and bring it into sight."""
        if self.trace is None or not 0 <= step < len(self.trace):
            return
        left, path_left = self.position, self._path
        path = ancestors(self.trace.parent, step)
        self.position, self._path = step, frozenset(path)
        if not self.clock_order and self._folded.intersection(path):
            self._folded.difference_update(path)
            self._arrange_rows()
        for changed in {left, step} | (path_left ^ self._path):
            self._refresh_step(changed)
        self._reveal(self._row_of(step))

    def step_at(self, rows: int) -> int:
        """Return the step that many visible rows away from the position, the first or last at an end."""
        row = self._row_of(self.position) + rows
        return int(self._rows[min(max(row, 0), len(self._rows) - 1)]) if len(self._rows) else -1

    def step_of_row(self, row: int) -> int:
        """Return the step of a visible row, counted from 0; from the end where negative."""
        row = max(0, len(self._rows) + row) if row < 0 else min(row, len(self._rows) - 1)
        return int(self._rows[row]) if len(self._rows) else -1

    # Folds

    def toggle_fold(self, step: int | None = None) -> None:
        """Fold or unfold the calls under `step`, else under the position."""
        step = self.position if step is None else step
        if step >= 0 and not self.clock_order and self._outline.size[step] > 1:
            self._folded.symmetric_difference_update({step})
            self._arrange_rows()

    def open_or_close(self, step: int, *, opening: bool) -> None:
        """Unfold a folded call, else ask for its first call; fold an open one, else ask for its caller."""
        if self.trace is None or step < 0:
            return
        folded, has_calls = step in self._folded, bool(self._outline.size[step] > 1)
        if has_calls and folded == opening:
            self.toggle_fold(step)
        elif opening and has_calls:
            self.post_message(self.Chosen(self.step_at(1)))
        elif not opening and self.trace.parent[step] >= 0:
            self.post_message(self.Chosen(int(self.trace.parent[step])))

    def fold_all(self) -> None:
        """Fold every call that is not on the path to the position."""
        sizes = self._outline.size
        self._folded = set(np.flatnonzero(sizes > 1).tolist()) - self._path
        self._arrange_rows()
        self._reveal(self._row_of(self.position))

    def unfold_all(self) -> None:
        """Open every fold."""
        self._folded.clear()
        self._arrange_rows()
        self._reveal(self._row_of(self.position))

    # Painting

    def render_line(self, y: int) -> Strip:
        """Paint one visible line."""
        row = self.scroll_offset.y + y
        if self.trace is None or row >= len(self._rows) or self._geometry is None:
            return self.blank()
        state = self._state(int(self._rows[row]))
        strip = self._painted.get(state)
        if strip is None:
            segments: list[Segment] = paint_row(self.trace, state, self._geometry, self.tone)
            ground = self.tone("position") if state.here else None
            strip = self._painted[state] = self.finish(segments, self.size.width, ground)
        return strip

    def _state(self, step: int) -> RowState:
        return RowState(
            step=step,
            here=step == self.position,
            on_path=step in self._path,
            focus=self.has_focus,
            hidden=int(self._outline.size[step]) - 1 if step in self._folded else 0,
            calls=bool(self._outline.size[step] > 1),
            failed=bool(self._failures[step]),
            stop=bool(self._stops is not None and step < len(self._stops) and self._stops[step]),
            match=bool(self._matches is not None and step < len(self._matches) and self._matches[step]),
        )

    # Mouse and size

    def on_click(self, event: events.Click) -> None:
        """Move to the clicked step; in the gutter ask for a breakpoint, on a triangle fold."""
        row = self.scroll_offset.y + event.y
        if self.trace is None or row >= len(self._rows):
            return
        step = int(self._rows[row])
        fold_at = GUTTER_CELLS + (0 if self._geometry is None else self._geometry.indent(int(self.trace.depth[step])))
        if event.x < GUTTER_CELLS - 2:
            self.post_message(self.GutterClicked(step))
        elif fold_at <= event.x < fold_at + 2 and self._outline.size[step] > 1:
            self.toggle_fold(step)
        else:
            self.post_message(self.Chosen(step))

    def on_resize(self) -> None:
        """Lay the columns out anew."""
        self._measure()
        self._reveal(self._row_of(self.position))

    def _arrange(self) -> None:
        assert self.trace is not None
        self._outline = clock_outline(self.trace) if self.clock_order else tree_outline(self.trace)
        self._failures = first_failures(self.trace)
        self._measure()
        self._arrange_rows()

    def _arrange_rows(self) -> None:
        self._rows = visible_steps(self._outline, () if self.clock_order else self._folded)
        self.set_content(len(self._rows))
        self.forget_painted()

    def _measure(self) -> None:
        if self.trace is not None and self.room > 0:
            self._geometry = RowGeometry.of(self.trace, self.room)
            self.forget_painted()

    def _row_of(self, step: int) -> int:
        if not 0 <= step < len(self._outline.rank):
            return 0
        if len(self._rows) == len(self._outline.order):
            return int(self._outline.rank[step])
        return int(np.searchsorted(self._outline.rank[self._rows], self._outline.rank[step], side="right")) - 1

    def _refresh_step(self, step: int) -> None:
        row = self._row_of(step)
        if 0 <= row - self.scroll_offset.y < self.size.height:
            self.refresh_line(row)

    def _reveal(self, row: int) -> None:
        """Bring a row into sight, with two rows of what is around it."""
        height = self.size.height
        if not height:
            return
        margin = min(2, height // 4)
        top = self.scroll_offset.y
        if row - margin < top:
            self.scroll_to(y=max(0, row - margin), animate=False, force=True)
        elif row + margin >= top + height:
            self.scroll_to(y=row + margin - height + 1, animate=False, force=True)

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show more or less strongly where the position is."""
        super().watch_has_focus(has_focus)
        self._tones.clear()
        self.forget_painted()

    def refresh_line(self, y: int) -> None:
        """Paint one row anew; rows are as wide as the widget."""
        self.refresh(Region(0, y - self.scroll_offset.y, self.size.width, 1))


def _new_places(old: "Tree", new: "Tree") -> Ints:
    """Return for each step of `old` its index in `new`, by span id."""
    by_id = np.argsort(new.span_id)
    found = np.searchsorted(new.span_id[by_id], old.span_id)
    places: Ints = by_id[np.minimum(found, len(by_id) - 1)].astype(np.int32)
    return places
