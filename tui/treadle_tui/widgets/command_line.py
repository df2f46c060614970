"""The bottom line: the keys that matter, else what just happened, else what the user types."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from treadle_tui.widgets.parts_line import PartsLine
from treadle_tui.widgets.side_list import Parts

Prompt: TypeAlias = Literal[":", "/", "break", "watch"]
_PROMPTS: dict[Prompt, tuple[str, str]] = {
    ":": (":", "next, step, break kind='llm', watch output_tokens, goto 12, replay, help …"),
    "/": ("/", "text to find in inputs and outputs"),
    "break": ("break where ", "a name such as generate*, or SQL such as kind='llm' and output_tokens > 500"),
    "watch": ("watch ", "SQL over this step's columns, such as output_tokens"),
}


class CommandLine(Horizontal):
    """One line with three uses."""

    DEFAULT_CSS: ClassVar[str] = """
    CommandLine { height: 1; }
    CommandLine > Input, CommandLine > Label { display: none; }
    CommandLine.-typing > Input, CommandLine.-typing > Label { display: block; }
    CommandLine.-typing > PartsLine { display: none; }
    CommandLine > PartsLine { width: 1fr; }
    CommandLine > Input { width: 1fr; height: 1; border: none; padding: 0; background: $background; }
    CommandLine > Input:focus { border: none; background-tint: transparent; }
    CommandLine > Label { width: auto; padding: 0 0 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    @dataclass
    class Entered(Message):
        """Something was typed and entered."""

        prompt: Prompt
        text: str

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[tuple[str, str], ...] = ()
        self._prompt: Prompt = ":"

    def compose(self) -> ComposeResult:
        """Hold all three, show one."""
        yield PartsLine()
        yield Label("", markup=False)
        yield Input(compact=True)

    @property
    def typing(self) -> bool:
        """Whether the user types here."""
        return self.has_class("-typing")

    def hint(self, hints: Sequence[tuple[str, str]]) -> None:
        """Show the keys that matter, each with its word: as many as there is room for, and the last."""
        self._hints = tuple(hints)
        self.quiet()

    def on_resize(self) -> None:
        """Show more or fewer keys."""
        self.quiet()

    def say(self, text: str, *, alarm: bool = False) -> None:
        """Show one line about what happened, until the next key."""
        parts: Parts = [(" ✗ ", "alarm"), (text, "normal")] if alarm else [(" " + text, "normal")]
        self.query_one(PartsLine).show(parts)

    def quiet(self) -> None:
        """Go back to the keys that matter."""
        if not self._hints:
            return
        *hints, last = self._hints
        room = self.size.width - 1 - _hint_cells(last)
        parts: list[tuple[str, str]] = [(" ", "dim")]
        for hint in hints:
            room -= _hint_cells(hint)
            if room < 0:
                break
            parts += _hint_parts(hint)
        self.query_one(PartsLine).show([*parts, *_hint_parts(last)])

    def ask(self, prompt: Prompt, text: str = "") -> None:
        """Let the user type."""
        self._prompt = prompt
        words, placeholder = _PROMPTS[prompt]
        self.query_one(Label).update(words)
        box = self.query_one(Input)
        box.placeholder, box.value = placeholder, text
        box.cursor_position = len(text)
        self.add_class("-typing")
        self.screen.set_focus(box)  # now, not soon: what is typed fast would go elsewhere

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Hand over what was entered."""
        message.stop()
        self.remove_class("-typing")
        self.quiet()
        self.post_message(self.Entered(self._prompt, message.value))

    def action_cancel(self) -> None:
        """Type nothing after all."""
        self.remove_class("-typing")
        self.quiet()
        self.post_message(self.Entered(self._prompt, ""))


def _hint_parts(hint: tuple[str, str]) -> list[tuple[str, str]]:
    return [(hint[0], "normal"), (f" {hint[1]}   ", "dim")]


def _hint_cells(hint: tuple[str, str]) -> int:
    return len(hint[0]) + len(hint[1]) + 4
