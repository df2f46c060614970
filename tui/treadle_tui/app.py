"""The terminal app: a store, the list of its traces, and the debugger on each of them."""

import asyncio
import gc
import signal
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.markup import escape
from textual.message import Message
from textual.screen import Screen

import treadle_storage
from treadle.errors import TreadleError
from treadle_tui import themes
from treadle_tui.messages import OpenTrace
from treadle_tui.screens.debug import DebugScreen
from treadle_tui.screens.line_screen import LineScreen
from treadle_tui.screens.traces import TracesScreen

if TYPE_CHECKING:
    from treadle_storage import Store

POLL_S = 0.1
"""The store is asked this often whether anything is new, so a running trace grows at most ten times a second."""


class TreadleApp(App[None]):
    """Treadle in a terminal."""

    CSS_PATH = "app.tcss"
    TITLE = "treadle"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "help_quit", show=False, system=True)]

    class StoreChanged(Message):
        """Something new was indexed."""

    class StoreTrouble(Message):
        """The store cannot be reached."""

        def __init__(self, error: TreadleError) -> None:
            super().__init__()
            self.error = error

    def __init__(self, store: "Store", *, trace_id: str | None = None, span_id: str | None = None) -> None:
        super().__init__()
        self.store = store
        self._first = (trace_id, span_id)
        self._stop = Event()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what our stylesheet needs and other themes lack."""
        return themes.variable_defaults(dark=self.current_theme.dark)

    def on_mount(self) -> None:
        """Show the list, with the trace that was asked for over it."""
        for theme in themes.THEMES:
            self.register_theme(theme)
        self.theme = themes.DARK.name
        self.push_screen(TracesScreen(self.store))
        trace_id, span_id = self._first
        if trace_id is not None:
            self.push_screen(DebugScreen(self.store, trace_id, span_id=span_id))
        self.watch_store()

        if not self.is_headless:
            self._leave_in_order()

    def _leave_in_order(self) -> None:
        """Quit when told to end, or when the terminal is closed: a replaying process would stay behind."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))

    def on_unmount(self) -> None:
        """Let the watching thread end."""
        self._stop.set()

    @work(thread=True, exit_on_error=False)
    def watch_store(self) -> None:
        """Ask the store again and again whether anything is new."""
        version, in_trouble = -1, False
        while not self._stop.wait(POLL_S):
            try:
                now = self.store.version()
            except TreadleError as error:
                if not in_trouble:
                    self.post_message(self.StoreTrouble(error))
                in_trouble = True
                continue
            if now != version and version >= 0:
                self.post_message(self.StoreChanged())
            version, in_trouble = now, False

    def on_treadle_app_store_changed(self) -> None:
        """Let the screen in sight look again."""
        if isinstance(self.screen, LineScreen):
            self.screen.store_changed()

    def on_treadle_app_store_trouble(self, message: StoreTrouble) -> None:
        """Say that the store cannot be reached."""
        if isinstance(self.screen, LineScreen):
            self.screen.say(str(message.error), alarm=True)

    def on_open_trace(self, message: OpenTrace) -> None:
        """Open the debugger on a trace; what is left of it is where it was opened from."""
        self.push_screen(DebugScreen(self.store, message.trace_id))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of the screen in the palette, then what Textual offers."""
        if isinstance(screen, LineScreen):
            for key in screen.KEYS:
                if key.action != "app.command_palette":
                    words = f"{key.shown}  ·  {key.group}" if key.keys else key.group
                    yield SystemCommand(key.name, escape(words), partial(_run_action, screen, key.action))
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        yield SystemCommand(
            "Screenshot", "Save the screen as SVG", lambda: self.set_timer(0.1, self.deliver_screenshot)
        )

    def action_toggle_theme(self) -> None:
        """Change between our dark and our light theme."""
        self.theme = themes.LIGHT.name if self.current_theme.dark else themes.DARK.name

    def action_leave(self) -> None:
        """Quit."""
        self.exit()


def _run_action(screen: LineScreen, action: str) -> None:
    screen.call_later(screen.run_action, action)


def run(store: Path, trace: str | None = None) -> int:
    """Open the app on a store, with the debugger on a trace where one is named; return the exit code.

    Raises:
        TreadleError: there is no such store or trace.

    """
    with treadle_storage.open(store) as opened:
        found = opened.resolve(trace) if trace is not None else None
        app = TreadleApp(opened, trace_id=found.trace_id if found else None, span_id=found.span_id if found else None)
        gc.freeze()
        app.run()
        return app.return_code or 0
