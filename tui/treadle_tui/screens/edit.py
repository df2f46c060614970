"""Edit a step's input or its answer as JSON, then replay with it."""

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal, TypeAlias

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import TextArea

from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.parts_line import PartsLine
from treadle_tui.widgets.payload_view import PayloadView
from treadle_tui.widgets.text_lines import TextLines

Scope: TypeAlias = Literal["step", "chain"]
_KEYS: Final[dict[Scope, str]] = {"step": "^s", "chain": "^r"}
_HERE_CHARACTERS: Final = 100_000
"""Longer texts are edited in the user's own editor: this one takes seconds for a key then."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What was made of a text, and what to replay with it."""

    text: str
    scope: Scope


class EditScreen(ModalScreen[Edited | None]):
    """A small editor, the user's own one key away; it answers with JSON, or with None where nothing is to be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "run('step')", "Replay", show=False, priority=True),
        Binding("ctrl+r", "run('chain')", "Replay the chain", show=False, priority=True),
        Binding("ctrl+o", "open_editor", "Open in $EDITOR", show=False, priority=True),
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
    ]

    def __init__(self, title: str, text: str, scopes: Sequence[tuple[Scope, str]], *, is_new: bool = False) -> None:
        """Take what can be replayed, each with its words; the first is what Ctrl+S does.

        A text that `is_new` was not recorded, and makes a difference as it is.
        """
        super().__init__()
        self._title = title
        self._recorded = None if is_new else text
        self._text = text
        self._scopes = tuple(scopes)

    def compose(self) -> ComposeResult:
        """Hold the editor, a line that says whether it is JSON, and the keys."""
        with Vertical(classes="sheet wide keyed"):
            divider = Divider((self._title,))
            divider.heavy = True
            yield divider
            if len(self._text) <= _HERE_CHARACTERS:
                yield TextArea(self._text, show_line_numbers=True, tab_behavior="indent", highlight_cursor_line=False)
            else:
                yield PayloadView()
            yield PartsLine(classes="state")
            yield PartsLine(classes="keys")

    def on_mount(self) -> None:
        """Put the cursor into the text."""
        self._fill()
        self.query_one("TextArea, PayloadView").focus()
        keys = [("^s" if number == 0 else _KEYS[scope], words) for number, (scope, words) in enumerate(self._scopes)]
        keys += [("^o", "$EDITOR"), ("esc", "cancel")]
        parts = [part for key, words in keys for part in ((f"  {key}", "accent"), (f" {words}", "dim"))]
        self.query_one(".keys", PartsLine).show(parts)
        self._check()

    def on_text_area_changed(self, message: TextArea.Changed) -> None:
        """Say whether it is JSON."""
        self._text = message.text_area.text
        self._check()

    def action_run(self, scope: Scope) -> None:
        """Answer with the text, where it is JSON and makes a difference."""
        scope = self._scopes[0][0] if scope == "step" else scope
        if not self._check() or scope not in dict(self._scopes):
            return
        if scope == "chain" and self._text == self._recorded:
            self._say("nothing is changed yet", "accent")
            return
        self.dismiss(Edited(self._text, scope))

    def action_cancel(self) -> None:
        """Answer with nothing."""
        self.dismiss(None)

    def action_open_editor(self) -> None:
        """Let the user's own editor have the terminal until it is done."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
        if not editor:
            self._say("set EDITOR to the editor that you use", "alarm")
            return
        try:
            with self.app.suspend():
                self._text = _edited(editor, self._text)
        except SuspendNotSupported:
            self._say("this terminal cannot be handed to an editor", "alarm")
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            self._say(f"{editor}: {error}", "alarm")
        else:
            self._fill()
            self._check()

    def _fill(self) -> None:
        for area in self.query(TextArea):
            if area.text != self._text:
                area.text = self._text
        for view in self.query(PayloadView):
            view.load(TextLines.of(self._text), language="json")
            view.refresh(layout=True)

    def _check(self) -> bool:
        try:
            json.loads(self._text)
        except ValueError as error:
            self.query_one(".state", PartsLine).show([("  ✗ not JSON: ", "alarm"), (str(error), "normal")])
            return False
        is_changed = self._text != self._recorded
        self._say("changed" if is_changed else "as recorded", "accent" if is_changed else "dim")
        return True

    def _say(self, text: str, tone: str) -> None:
        self.query_one(".state", PartsLine).show([(f"  {text}", tone)])


def _edited(editor: str, text: str) -> str:
    with tempfile.TemporaryDirectory(prefix="treadle-edit-") as folder:
        path = Path(folder) / "value.json"
        path.write_text(f"{text}\n", encoding="utf-8")
        subprocess.run([*shlex.split(editor), str(path)], check=True)
        return path.read_text(encoding="utf-8").rstrip("\n")
