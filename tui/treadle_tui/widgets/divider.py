"""The line above a pane: a hairline with its title or its tabs; heavy where the focus is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from treadle_tui.widgets.line_view import LineView

_SHORT_TITLES: Final = {"Attributes": "Attrs", "Messages": "Msgs", "Breakpoints": "Breaks"}
_BOLD: Final = Style(bold=True)


class Divider(LineView, can_focus=False):
    """One line: number, titles, a note at the right."""

    DEFAULT_CSS: ClassVar[str] = "Divider { height: 1; overflow: hidden; }"

    @dataclass
    class TabClicked(Message):
        """A title was clicked."""

        divider: "Divider"
        number: int

    def __init__(self, titles: Sequence[str], *, number: int | None = None, active: int = 0) -> None:
        super().__init__()
        self.titles = tuple(titles)
        self.number = number
        self.active = active
        self.note = ""
        self.heavy = False
        self._edges: list[tuple[int, int]] = []

    def show(
        self,
        *,
        titles: Sequence[str] | None = None,
        active: int | None = None,
        note: str | None = None,
        heavy: bool | None = None,
    ) -> None:
        """Change what is given, and paint."""
        before = (self.titles, self.active, self.note, self.heavy)
        self.titles = self.titles if titles is None else tuple(titles)
        self.active = self.active if active is None else active
        self.note = self.note if note is None else note
        self.heavy = self.heavy if heavy is None else heavy
        if before != (self.titles, self.active, self.note, self.heavy):
            self.forget_painted()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - it has one line
        """Paint the line."""
        rule, rule_tone = ("━", self.tone("bar-accent")) if self.heavy else ("─", self.tone("hairline"))
        width = self.size.width
        head = f" {self.number} " if self.number is not None else " "
        segments = [Segment(rule, rule_tone), Segment(head, self.tone("faint"))]
        at = 1 + len(head)
        self._edges = []
        gap = 2 if self._needed(self.titles, 2) <= width - at - 2 else 1
        for number, title in enumerate(self._fitting(width - at - 2)):
            if number:
                segments.append(Segment(" " * gap, self.tone("hairline")))
                at += gap
            segments.append(Segment(title, self._title_style(number)))
            self._edges.append((at, at + len(title)))
            at += len(title)
        note = f" {self.note} " if self.note and at + cell_len(self.note) + 6 < width else ""
        fill = max(0, width - at - 1 - cell_len(note) - (1 if note else 0))
        segments += [Segment(" "), Segment(rule * fill, rule_tone), Segment(note, self.tone("dim"))]
        if note:
            segments.append(Segment(rule, rule_tone))
        return self.finish(segments, width)

    def on_click(self, event: events.Click) -> None:
        """Ask for the clicked tab."""
        for number, (start, end) in enumerate(self._edges):
            if start <= event.x <= end:
                self.post_message(self.TabClicked(self, number))

    def _title_style(self, number: int) -> Style:
        if number != self.active:
            return self.tone("dim")
        return (self.tone("accent") if self.heavy else self.tone("strong")) + _BOLD

    def _fitting(self, room: int) -> list[str]:
        titles = list(self.titles)
        for title, short in _SHORT_TITLES.items():
            if self._needed(titles, 1) <= room:
                break
            titles = [short if each == title else each for each in titles]
        return titles

    @staticmethod
    def _needed(titles: Sequence[str], gap: int) -> int:
        return sum(map(len, titles)) + gap * (len(titles) - 1)
