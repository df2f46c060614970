"""Moving on the Debug screen: counts, panes, the session's moves, lines and pages of what has the focus."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from textual import events
from textual.widget import Widget

from treadle_debugger.session import END_OF_TRACE
from treadle_tui.screens.replaying_screen import ReplayingScreen
from treadle_tui.widgets.detail import Detail
from treadle_tui.widgets.pane import Pane
from treadle_tui.widgets.payload_view import PayloadView
from treadle_tui.widgets.side_list import SideList
from treadle_tui.widgets.span_tree import SpanTree

if TYPE_CHECKING:
    from treadle_debugger.moved import Moved
    from treadle_debugger.session import Session

LONE_DIGIT_S: Final = 0.6
"""A digit that nothing follows for this long meant a pane, not a count."""
_ASKING_MOVES: Final = {"continue_", "reverse_continue"}
"""Moves that may have to ask the store where breakpoints hit."""


class DebugMoves(ReplayingScreen):
    """Moves, and what is gone through line by line."""

    session: "Session | None"
    calls: SpanTree
    stack: SideList
    watches: SideList
    breakpoints: SideList
    details: tuple[Detail, ...]
    show_position: Callable[[], None]
    show_status: Callable[[], None]
    refresh_stops: Callable[[], None]
    _count = ""

    # Counts and panes

    def on_key(self, event: events.Key | None = None) -> None:
        """Gather digits into a count; one that stays alone names a pane."""
        super().on_key()
        if event is None or self.command_line.typing or not (event.character or "").isdigit():
            return
        if event.character == "0" and not self._count:
            return
        self._count += event.character or ""
        self.say(self._count)
        self.set_timer(LONE_DIGIT_S, partial(self._digit_stayed_alone, self._count))
        event.stop()

    def _digit_stayed_alone(self, digits: str) -> None:
        if self._count == digits and len(digits) == 1:
            self._count = ""
            self.command_line.quiet()
            self.focus_pane(int(digits))

    def take_count(self) -> int:
        """Return the count that was typed before this key, else 1."""
        count, self._count = int(self._count or 1), ""
        return count

    def focus_pane(self, number: int) -> None:
        """Go to a pane by its number, where it is to be seen."""
        for pane in self.query(Pane):
            if pane.divider.number == number and pane.size.height:
                next(widget for widget in pane.query(Widget) if widget.can_focus).focus()

    # Moves

    def action_move(self, name: str) -> None:
        """Make one of the session's moves, as often as was typed."""
        session = self.session
        if session is None:
            return
        move: Callable[[int], Moved] = getattr(session, name)
        count = self.take_count()
        ready = all(session.breakpoints.is_ready(point) for point in session.breakpoints)
        made = partial(self._made, name)
        if name in _ASKING_MOVES and not ready:
            self.run_job(partial(move, count), made, group="move")
        else:
            made(move(count))

    def _made(self, name: str, moved: "Moved") -> None:
        """Show where a move led; at the end of the trace say also what would go on from there."""
        if moved.end == END_OF_TRACE and self.session is not None:
            way_on = _way_on(self.session, name)
            moved = replace(moved, end=f"{END_OF_TRACE} · {way_on}" if way_on else END_OF_TRACE)
        self.arrived(moved)

    def arrived(self, moved: "Moved") -> None:
        """Show where a move led, and what there is to say about it."""
        self.show_position()
        said = [line.text for line in moved.logged] + [part for part in (moved.stopped_by, moved.end) if part]
        if said:
            self.say(" · ".join(said[-3:]))

    def go_to(self, step: int) -> None:
        """Stand on a step of the tree."""
        if self.session is not None and step >= 0:
            self.arrived(self.session.go_to(step))

    def action_line(self, direction: int) -> None:
        """Go a line up or down in what has the focus."""
        self._go_lines(direction * self.take_count())

    def action_page(self, direction: int) -> None:
        """Go a page up or down in what has the focus."""
        height = self.focused.size.height if self.focused is not None else 10
        self._go_lines(direction * max(1, height - 2) * self.take_count())

    def _go_lines(self, lines: int) -> None:
        focused = self.focused
        if isinstance(focused, PayloadView):
            focused.scroll_relative(y=lines, animate=False)
        elif isinstance(focused, SideList):
            focused.move_cursor(focused.cursor + lines)
        else:
            self.go_to(self.calls.step_at(lines))

    def action_end(self, direction: int) -> None:
        """Go to an end of what has the focus; with a count, to that step."""
        if self._count and self.session is not None:
            self.arrived(self.session.go_to_place(self.take_count() - 1))
        elif isinstance(self.focused, PayloadView):
            view = self.focused
            view.scroll_to(y=0 if direction < 0 else view.virtual_size.height, animate=False)
        else:
            self.go_to(self.calls.step_of_row(0 if direction < 0 else -1))

    def action_sideways(self, direction: int) -> None:
        """In the tree fold or unfold, or go to the caller or the first call; elsewhere change the tab."""
        detail = self.detail_in_focus()
        if detail is not None:
            detail.open_tab(detail.divider.active + direction)
        elif self.session is not None:
            self.calls.open_or_close(self.session.position, opening=direction > 0)

    def on_span_tree_chosen(self, message: SpanTree.Chosen) -> None:
        """Stand where the user clicked."""
        self.go_to(message.step)

    def detail_in_focus(self) -> Detail | None:
        """Return the pane with tabs that has the focus."""
        return next((detail for detail in self.details if detail.view.has_focus), None)


def _way_on(session: "Session", name: str) -> str:
    """Return the key that goes on where a move found the end of the trace; empty where there is nothing more."""
    if name == "continue_":
        stopping = any(point.enabled and not point.is_tracepoint for point in session.breakpoints)
        return "" if stopping else "b sets a breakpoint to stop at"
    if session.place + 1 == len(session.order):
        return ""
    return "s steps into the call" if session.order_name == "tree" else "s goes to the next step"
