"""Typed words on the Debug screen, and what was typed at a prompt."""

from collections.abc import Callable
from functools import partial
from typing import Any

from treadle.model import TraceSummary
from treadle_tui.screens.debug_replays import DebugReplays
from treadle_tui.screens.diff import DiffScreen
from treadle_tui.typed_commands import understand
from treadle_tui.widgets.command_line import Prompt


class DebugWords(DebugReplays):
    """Commands by their words."""

    trace_id: str
    summary: TraceSummary | None

    def typed(self, prompt: Prompt, text: str) -> None:
        """Do what was typed."""
        if prompt == "/":
            self.search(text)
        elif prompt == "break":
            self.add_breakpoint(text)
        elif prompt == "watch":
            self.add_watch(text)
        else:
            self._command(text)

    def _command(self, text: str) -> None:
        typed = understand(text)
        if typed is None:
            self.say(f"no command {text.split(maxsplit=1)[0]!r}: ? shows them", alarm=True)
        elif typed.argument is None:
            self._count = str(typed.count) if typed.count > 1 else ""
            self.call_later(self.run_action, typed.action)
        elif not typed.argument:
            self.say(f"{text.split(maxsplit=1)[0]} needs something after it", alarm=True)
        else:
            getattr(self, typed.action)(typed.argument)

    def add_breakpoint(self, condition: str) -> None:
        """Stop where a condition holds."""
        if self.session is not None:
            self.change(partial(self.session.breakpoints.add, condition))

    def add_watch(self, expression: str) -> None:
        """Show an expression at every position."""
        if self.session is not None:
            self.change(partial(self.session.add_watch, expression))

    def goto(self, number: str) -> None:
        """Stand on a step, by its number in the order or the beginning of its id."""
        session = self.session
        if session is None:
            return
        if number.isdigit():
            self.arrived(session.go_to_place(int(number) - 1))
            return
        rows = [row for row in range(len(session.tree)) if session.tree.hex_id(row).startswith(number.lower())]
        if len(rows) == 1:
            self.go_to(rows[0])
        else:
            self.say(f"{number!r} names {'several steps' if rows else 'no step'} of this trace", alarm=True)

    def delete(self, number: str) -> None:
        """Remove a breakpoint by its number."""
        if self.session is not None:
            points = self.session.breakpoints
            self._with_point(number, points.remove)

    def enable(self, number: str) -> None:
        """Switch a breakpoint on."""
        if self.session is not None:
            points = self.session.breakpoints
            self._with_point(number, lambda breakpoint_id: points.enable(breakpoint_id, enabled=True))

    def disable(self, number: str) -> None:
        """Switch a breakpoint off."""
        if self.session is not None:
            points = self.session.breakpoints
            self._with_point(number, lambda breakpoint_id: points.enable(breakpoint_id, enabled=False))

    def unwatch(self, number: str) -> None:
        """Remove a watch by its number."""
        watches = [] if self.session is None else list(self.session.watches)
        if self.session is None or not number.isdigit() or not 0 < int(number) <= len(watches):
            self.say(f"there is no watch {number}", alarm=True)
            return
        self.change(partial(self.session.watches.remove, watches[int(number) - 1].watch_id))

    def theme(self, name: str) -> None:
        """Change the theme."""
        wanted = name if name in self.app.available_themes else f"treadle-{name}"
        if wanted not in self.app.available_themes:
            self.say(f"no theme {name!r}: dark, light, or one of Textual's", alarm=True)
            return
        self.app.theme = wanted

    def open_tab(self, name: str) -> None:
        """Open a tab by the beginning of its name."""
        for detail in self.details:
            for number, tab in enumerate(detail.tabs):
                if detail.size.height and tab.lower().startswith(name.lower()):
                    detail.open_tab(number)
                    return
        self.say(f"no tab {name!r}", alarm=True)

    # Differences

    def action_diff(self) -> None:
        """Show what differs from the trace that this replays; where it is no replay, from its newest replay."""
        if self.summary is None:
            return
        if self.summary.replay_of:
            self._compare(self.summary.replay_of, self.trace_id)
        else:
            self.run_job(self._newest_replay, self._compare_with_replay, group="diff")

    def _newest_replay(self) -> str | None:
        replays = self.store.traces(limit=1, where=f"replay_of = '{self.trace_id}'")
        return replays[0].trace_id if replays else None

    def _compare_with_replay(self, replay: str | None) -> None:
        if replay is None:
            self.say("this is no replay, and has none yet: X replays it, :diff TRACE compares it with another trace")
        else:
            self._compare(self.trace_id, replay)

    def diff_with(self, name: str) -> None:
        """Show what differs from another trace."""
        self.run_job(
            partial(self.store.resolve, name), lambda found: self._compare(found.trace_id, self.trace_id), group="diff"
        )

    def _compare(self, before: str, after: str) -> None:
        self.app.push_screen(DiffScreen(self.store, before, after))

    def _with_point(self, number: str, do: Callable[[str], Any]) -> None:
        points = [] if self.session is None else list(self.session.breakpoints)
        if not number.isdigit() or not 0 < int(number) <= len(points):
            self.say(f"there is no breakpoint {number}", alarm=True)
            return
        self.change(partial(do, points[int(number) - 1].breakpoint_id))
