"""What the full screens share: a bottom line, jobs in threads, and a word when the terminal is too small."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Label
from textual.worker import get_current_worker

from treadle.errors import TreadleError
from treadle_tui.keys import HINTS, Key
from treadle_tui.screens.help import HelpScreen
from treadle_tui.widgets.command_line import CommandLine, Prompt

if TYPE_CHECKING:
    from treadle_storage import Store

SMALLEST: Final = (40, 10)
WIDE_CELLS: Final = 160
"""From here there are three columns."""


class LineScreen(Screen[None]):
    """A full screen over a store."""

    KEYS: ClassVar[Sequence[Key]] = ()
    HINTS_NAME: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (WIDE_CELLS, "-wide")]  # noqa: RUF012 - Textual's own
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012

    @dataclass
    class Finished(Message):
        """A job in a thread came to its end."""

        then: Callable[[Any], None]
        result: Any

    @dataclass
    class Trouble(Message):
        """A job in a thread failed in a way that has a message for the user."""

        error: TreadleError

    def __init__(self, store: "Store") -> None:
        super().__init__()
        self.store = store
        self.command_line = CommandLine()
        self._focus_before: Widget | None = None

    def compose(self) -> ComposeResult:
        """Put the screen's own parts above the bottom line."""
        yield from self.compose_parts()
        yield from self.compose_overlays()
        yield self.command_line
        yield Label("", id="too-small", markup=False)

    def compose_parts(self) -> ComposeResult:
        """Return the screen's own parts."""
        yield from ()

    def compose_overlays(self) -> ComposeResult:
        """Return what lies over the parts, just above the bottom line."""
        yield from ()

    def on_mount(self) -> None:
        """Show the keys that matter."""
        self.command_line.hint(HINTS[self.HINTS_NAME])

    def on_resize(self, event: events.Resize) -> None:
        """Say so when nothing would be legible."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-too-small")
        if small:
            text = f"too small: {width}x{height}\nTreadle needs {SMALLEST[0]}x{SMALLEST[1]}"
            self.query_one("#too-small", Label).update(text)

    def on_key(self) -> None:
        """Let what was said go."""
        if not self.command_line.typing:
            self.command_line.quiet()

    # Jobs

    def run_job(self, job: Callable[[], Any], then: Callable[[Any], None], *, group: str) -> None:
        """Run `job` in a thread, then hand its result over here; a newer job of the group makes it stale."""
        self.run_worker(partial(self._run, job, then), thread=True, group=group, exclusive=True)

    def _run(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        worker = get_current_worker()
        message: Message
        try:
            message = self.Finished(then, job())
        except TreadleError as error:
            message = self.Trouble(error)
        if not worker.is_cancelled:
            self.post_message(message)

    def on_line_screen_finished(self, message: Finished) -> None:
        """Take a result over."""
        message.then(message.result)

    def on_line_screen_trouble(self, message: Trouble) -> None:
        """Say what went wrong, in one line."""
        self.say(str(message.error), alarm=True)

    def say(self, text: str, *, alarm: bool = False) -> None:
        """Show one line at the bottom until the next key."""
        self.command_line.say(" ".join(text.split()), alarm=alarm)

    def store_changed(self) -> None:
        """Look at the store again: something new was indexed."""

    # Typing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's own
        """Leave to the bottom line, while it is typed into, the keys that open it."""
        return action not in {"command", "ask"} or not self.command_line.typing

    def action_command(self) -> None:
        """Let the user type a command."""
        self.action_ask(":")

    def action_ask(self, prompt: Prompt) -> None:
        """Let the user type at the bottom."""
        self._focus_before = self.focused
        self.command_line.ask(prompt)

    def on_command_line_entered(self, message: CommandLine.Entered) -> None:
        """Go back to where the focus was, then do what was typed."""
        if self._focus_before is not None:
            self._focus_before.focus()
        if message.text.strip():
            self.typed(message.prompt, message.text.strip())

    def typed(self, prompt: Prompt, text: str) -> None:
        """Do what was typed."""

    def action_help(self) -> None:
        """Show the keys of this screen."""
        self.app.push_screen(HelpScreen(self.KEYS, self.help_title()))

    def help_title(self) -> str:
        """Return what the help calls what has the focus."""
        return self.HINTS_NAME.capitalize()
