"""What keys do on the Debug screen, beside moving: folds, breakpoints, search, tabs, copying."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from treadle_tui.clipboard import copy
from treadle_tui.screens.debug_moves import DebugMoves
from treadle_tui.widgets.messages_view import MessagesView
from treadle_tui.widgets.pane import Pane
from treadle_tui.widgets.payload_view import PayloadView
from treadle_tui.widgets.side_list import SideList
from treadle_tui.widgets.span_tree import SpanTree

if TYPE_CHECKING:
    from treadle_debugger.session import Session

_PAN_CELLS: Final = 8


class DebugActions(DebugMoves):
    """Folds, breakpoints, search, tabs, copying."""

    # Tree

    def action_fold(self) -> None:
        """Fold, or unfold; on a list, choose."""
        if isinstance(self.focused, SideList):
            self.on_side_list_chosen(SideList.Chosen(self.focused, self.focused.cursor))
        else:
            self.calls.toggle_fold()

    def action_fold_all(self) -> None:
        """Fold all but the way to the position."""
        self.calls.fold_all()

    def action_unfold_all(self) -> None:
        """Unfold all."""
        self.calls.unfold_all()

    def action_order(self) -> None:
        """Change between call tree and clock."""
        if self.session is not None:
            self.calls.set_order(clock=self.session.toggle_order() == "clock")
            self.show_status()

    # Breakpoints and watches

    def action_break_here(self) -> None:
        """Set or remove the breakpoint on this step's name."""
        if self.session is not None:
            self.change(self.session.toggle_breakpoint_here)

    def on_span_tree_gutter_clicked(self, message: SpanTree.GutterClicked) -> None:
        """Set or remove the breakpoint on the clicked step's name."""
        if self.session is not None:
            tree = self.session.tree
            self.change(partial(self.session.breakpoints.toggle_name, tree.names[tree.name[message.step]]))

    def on_side_list_chosen(self, message: SideList.Chosen) -> None:
        """Go to the clicked caller; switch the clicked breakpoint."""
        if self.session is None:
            return
        if message.side_list is self.stack:
            self.go_to(self.session.stack()[message.row])
        elif message.side_list is self.breakpoints:
            point = list(self.session.breakpoints)[message.row]
            switch = partial(self.session.breakpoints.enable, point.breakpoint_id, enabled=not point.enabled)
            self.change(switch)

    def change(self, how: Callable[[], Any]) -> None:
        """Change breakpoints or watches in a thread, for that writes, then show them."""

        def changed(_: object) -> None:
            self.show_position()
            self.refresh_stops()

        self.run_job(how, changed, group="change")

    def action_remove(self) -> None:
        """Remove the watch or breakpoint under the cursor."""
        session = self.session
        if session is None:
            return
        if self.focused is self.breakpoints and len(session.breakpoints):
            point = list(session.breakpoints)[self.breakpoints.cursor]
            self.change(partial(session.breakpoints.remove, point.breakpoint_id))
        elif self.focused is self.watches and len(session.watches):
            watch = list(session.watches)[self.watches.cursor]
            self.change(partial(session.watches.remove, watch.watch_id))
        else:
            self.say("go to a watch or a breakpoint first (tab), then D removes it")

    # Looking

    def search(self, text: str) -> None:
        """Find a text in what has the focus, in the whole trace from the tree."""
        session, focused = self.session, self.focused
        if isinstance(focused, PayloadView):
            found = focused.search(text)
            self.say(f"{focused.hit + 1} of {found}" if found else f"{text!r} is not in this text")
        elif session is not None:
            self.run_job(partial(session.find, text), partial(self._found, session, text), group="search")

    def _found(self, session: "Session", text: str, count: int) -> None:
        self.calls.set_matches(session.found)
        if not count:
            self.say(f"{text!r} is in no input or output of this trace")
        elif not session.found[session.position]:
            moved = session.next_match() if session.found[session.order.steps[session.place :]].any() else None
            self.arrived(moved or session.previous_match())
        self.say(
            f"{count} {'step holds' if count == 1 else 'steps hold'} {text!r}; ; and , go through them" if count else ""
        )

    def action_match(self, direction: int) -> None:
        """Go to the next or previous match of the last search."""
        focused = self.focused
        if isinstance(focused, PayloadView) and len(focused.hits):
            focused.go_to_hit((focused.hit + direction * self.take_count()) % len(focused.hits))
            self.say(f"{focused.hit + 1} of {len(focused.hits)}")
        elif self.session is not None:
            self.action_move("next_match" if direction > 0 else "previous_match")

    def action_tab(self, direction: int) -> None:
        """Open the next or previous tab of the pane in focus, else of the main one."""
        detail = self.detail_in_focus() or self.details[0]
        detail.open_tab(detail.divider.active + direction)

    def action_pan(self, direction: int) -> None:
        """Scroll lines that run out of sight sideways."""
        for detail in self.details:
            if not detail.view.wrap and detail.view.size.height:
                detail.view.scroll_relative(x=direction * _PAN_CELLS * self.take_count(), animate=False)

    def action_raw(self) -> None:
        """Show payloads readable, or as they are."""
        for detail in self.details:
            detail.toggle_raw()

    def action_earlier(self) -> None:
        """Show or fold the messages that stood in an earlier call."""
        for view in self.query(MessagesView):
            view.toggle_earlier()

    def action_zoom(self) -> None:
        """Give the pane in focus the whole screen, or end that."""
        if self.maximized is not None:
            self.minimize()
            return
        pane = next((node for node in self.focused.ancestors if isinstance(node, Pane)), None) if self.focused else None
        if pane is not None:
            self.maximize(pane)

    def action_copy(self) -> None:
        """Copy the selection, else what the pane shows, else the step's id."""
        selected = self.get_selected_text()
        view = self.focused if isinstance(self.focused, PayloadView) else self.details[0].view
        text = selected or view.text
        self.run_job(partial(copy, text, to_terminal=self._copy_to_terminal), self.say, group="copy")

    def _copy_to_terminal(self, text: str) -> None:
        self.app.call_from_thread(self.app.copy_to_clipboard, text)

    def action_leave(self) -> None:
        """Stop a replay that runs, let a count or a zoom go; else go back to the traces."""
        if self.is_replaying:
            self.action_stop_replay()
        elif self._count:
            self._count = ""
        elif self.maximized is not None:
            self.minimize()
        else:
            self.dismiss()
