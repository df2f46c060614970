"""Edit a step's input as JSON, then replay with it."""

import json
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea

from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.parts_line import PartsLine


class EditScreen(ModalScreen[str | None]):
    """A small editor; it answers with JSON, or with None where nothing is to be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "run", "Replay", show=False, priority=True),
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
    ]

    def __init__(self, name: str, text: str) -> None:
        super().__init__()
        self._name = name
        self._text = text

    def compose(self) -> ComposeResult:
        """Hold the editor and a line below it."""
        with Vertical(classes="sheet wide"):
            divider = Divider((f"Input of {self._name}",))
            divider.heavy, divider.note = True, "ctrl+s replays · esc cancels"
            yield divider
            yield TextArea(self._text, show_line_numbers=True, tab_behavior="indent", highlight_cursor_line=False)
            yield PartsLine()

    def on_mount(self) -> None:
        """Put the cursor into the text."""
        self.query_one(TextArea).focus()
        self._check()

    def on_text_area_changed(self) -> None:
        """Say whether it is JSON."""
        self._check()

    def action_run(self) -> None:
        """Answer with the text, where it is JSON."""
        if self._check():
            self.dismiss(self.query_one(TextArea).text)

    def action_cancel(self) -> None:
        """Answer with nothing."""
        self.dismiss(None)

    def _check(self) -> bool:
        line = self.query_one(PartsLine)
        try:
            json.loads(self.query_one(TextArea).text)
        except ValueError as error:
            line.show([(" ✗ not JSON: ", "alarm"), (str(error), "normal")])
            return False
        changed = self.query_one(TextArea).text != self._text
        line.show([(" changed" if changed else " as recorded", "accent" if changed else "dim")])
        return True
