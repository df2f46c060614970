"""The Debug screen: stand on a step of a trace, look at all of it, move in both directions.

This module holds the layout and what is shown at a position; `debug_actions.py` and `debug_words.py` hold what keys and
words do.
"""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from treadle.model import TraceSummary
from treadle_debugger.session import Session
from treadle_tui import keys
from treadle_tui.facts import trace_status
from treadle_tui.inspection import Inspection, inspect
from treadle_tui.screens.debug_words import DebugWords
from treadle_tui.screens.line_screen import WIDE_CELLS
from treadle_tui.side_rows import Stops, breakpoint_rows, known_stops, stack_rows, watch_rows
from treadle_tui.step_pages import TABS, TABS_BESIDE
from treadle_tui.widgets.detail import Detail
from treadle_tui.widgets.pane import Pane
from treadle_tui.widgets.parts_line import PartsLine
from treadle_tui.widgets.side_list import SideList
from treadle_tui.widgets.span_tree import SpanTree

if TYPE_CHECKING:
    from treadle_debugger.watches import Reading
    from treadle_storage import Store
    from treadle_storage.tree import Tree

_KEPT_INSPECTIONS = 64


class DebugScreen(DebugWords):
    """One trace under the debugger."""

    KEYS = keys.DEBUG
    HINTS_NAME = "debug"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings(keys.DEBUG)]

    def __init__(self, store: "Store", trace_id: str, *, span_id: str | None = None) -> None:
        super().__init__(store)
        self.trace_id = trace_id
        self._span_id = span_id
        self.session: Session | None = None
        self.summary: TraceSummary | None = None
        self.calls = SpanTree(id="calls")
        self.stack = SideList("", steady=True, id="stack")
        self.watches = SideList("w watches an expression", id="watches")
        self.breakpoints = SideList("b stops at this name, B at a condition", id="breakpoints")
        self.details = (
            Detail(TABS, number=2, id="main-detail", with_facts=True),
            Detail(("Output",), number=3, id="output-detail"),
            Detail(("Source", "Attributes"), number=4, id="source-detail"),
        )
        self._status = PartsLine(id="status")
        self._seen: dict[str, Inspection] = {}

    def compose_parts(self) -> ComposeResult:
        """Lay out the panes; the stylesheet hides those that there is no room for."""
        yield self._status
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Pane(("Calls",), self.calls, number=1, id="calls-pane")
                yield Pane(("Stack",), self.stack, number=5, id="stack-pane", classes="side")
                yield Pane(("Watches",), self.watches, number=6, id="watches-pane", classes="side")
                yield Pane(("Breakpoints",), self.breakpoints, number=7, id="breakpoints-pane", classes="side")
            with Vertical(id="step"):
                with Horizontal(id="payloads"):
                    yield self.details[0]
                    yield self.details[1]
                yield self.details[2]

    def on_mount(self) -> None:
        """Load the trace."""
        super().on_mount()
        self.calls.focus()
        self._status.show([(" treadle  ", "accent!"), (f"{self.trace_id[:8]} …", "dim")])
        self.run_job(self._load, self._loaded, group="load")

    def on_resize(self, event: events.Resize) -> None:
        """Leave to the panes beside the main one what they show."""
        super().on_resize(event)
        self.show_status()
        self.details[0].set_tabs(TABS_BESIDE if event.size.width >= WIDE_CELLS else TABS)

    def _load(self) -> tuple[Session, TraceSummary]:
        return Session(self.store, self.trace_id, span_id=self._span_id), self.store.trace(self.trace_id)

    def _loaded(self, loaded: tuple[Session, TraceSummary]) -> None:
        self.session, self.summary = loaded
        self.calls.load(self.session.tree, position=self.session.position)
        self.show_position()
        self.refresh_stops()

    # What is shown at a position

    def show_position(self) -> None:
        """Show the position everywhere: the tree and the stack at once, what has to be read when it came."""
        session = self.session
        if session is None:
            return
        self.calls.move_to(session.position)
        self.show_status()
        self.stack.show(stack_rows(session.tree, session.stack()))
        known = self._seen.get(session.span_id)
        if known is not None:
            self._show_inspection(known)
        self.run_job(partial(self._inspect, session, session.position), self._inspected, group="inspect")

    def show_status(self) -> None:
        """Show where it stands, and what the trace cost."""
        if self.session is not None and self.summary is not None:
            self._status.show(*trace_status(self.session, self.summary, brief=self.size.width < 100))

    def _inspect(self, session: Session, position: int) -> tuple[Inspection, "list[Reading]"]:
        tree = session.tree
        inspection = self._seen.get(tree.hex_id(position)) or inspect(self.store, self.trace_id, tree, position)
        return inspection, session.readings()

    def _inspected(self, read: "tuple[Inspection, list[Reading]]") -> None:
        inspection, readings = read
        session = self.session
        if session is None or inspection.step.span_id != session.span_id:
            return
        if inspection.is_final:
            if len(self._seen) >= _KEPT_INSPECTIONS:
                self._seen.pop(next(iter(self._seen)))
            self._seen[inspection.step.span_id] = inspection
        self._show_inspection(inspection)
        self.watches.show(watch_rows(readings))

    def _show_inspection(self, inspection: Inspection) -> None:
        for detail in self.details:
            if detail.inspection is not inspection:
                detail.show(inspection)

    # Breakpoints

    def refresh_stops(self) -> None:
        """Find out anew where it stops: SQL conditions are asked of the store."""
        if self.session is not None:
            self.run_job(partial(known_stops, self.session), self._stops_known, group="stops")

    def _stops_known(self, stops: Stops) -> None:
        self.calls.set_stops(stops.mask)
        self.breakpoints.show(breakpoint_rows(stops))
        self.show_status()

    # Growth

    def store_changed(self) -> None:
        """Look whether this trace gained steps."""
        if self.session is not None:
            self.run_job(self._look_again, self._grown, group="grow")

    def _look_again(self) -> "tuple[TraceSummary, Tree] | None":
        summary = self.store.trace(self.trace_id)
        return None if summary == self.summary else (summary, self.store.tree(self.trace_id))

    def _grown(self, found: "tuple[TraceSummary, Tree] | None") -> None:
        session = self.session
        if session is None:
            return
        if found is None:
            self._look_at_running_step(session)
            return
        self.summary, tree = found
        session.adopt(tree)
        self.calls.grow(tree)
        self.show_position()
        if len(session.breakpoints):
            self.refresh_stops()

    def _look_at_running_step(self, session: Session) -> None:
        """Read the position again while it runs: more of its stream may have come."""
        inspection = self.details[0].inspection
        if inspection is not None and not inspection.is_final:
            self.run_job(partial(self._inspect, session, session.position), self._inspected, group="inspect")
