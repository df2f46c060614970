"""A short list beside the tree: the stack, the watches, the breakpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from treadle_tui.widgets.line_view import LineView

Parts: TypeAlias = Sequence[tuple[str, str]]
"""Pieces of text, each with its tone."""


@dataclass(frozen=True, slots=True)
class SideRow:
    """One row: what stands left, and what stands right."""

    left: Parts
    right: Parts = ()
    here: bool = False


class SideList(LineView):
    """Rows with a cursor that shows only while the list has the focus."""

    DEFAULT_CSS: ClassVar[str] = "SideList { overflow-x: hidden; scrollbar-size-vertical: 1; }"

    @dataclass
    class Chosen(Message):
        """A row was clicked, or Enter was pressed on it."""

        side_list: "SideList"
        row: int

    def __init__(self, empty: str, *, steady: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        """Make a list; a `steady` one never gives back rows that it has grown to, so what is around it stays."""
        super().__init__(id=id)
        self.steady = steady
        self._tallest = 0
        self.empty = empty
        self.cursor = 0
        self.rows: tuple[SideRow, ...] = ()

    def show(self, rows: Sequence[SideRow]) -> None:
        """Show other rows."""
        if self.rows == tuple(rows) and rows:
            return
        self.rows = tuple(rows)
        self.cursor = min(self.cursor, max(0, len(rows) - 1))
        self.set_content(max(1, len(rows)))
        wanted = max(len(rows), self._tallest) if self.steady else len(rows)
        if wanted != self._tallest:
            self._tallest = wanted
            self.refresh(layout=True)
        here = next((number for number, row in enumerate(rows) if row.here), None)
        if here is not None:
            self.cursor = here
            self._reveal()
        self.forget_painted()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's own
        """Return how many rows it wants."""
        return max(1, self._tallest)

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a row."""
        self.cursor = min(max(0, row), max(0, len(self.rows) - 1))
        self._reveal()
        self.forget_painted()

    def render_line(self, y: int) -> Strip:
        """Paint one row, or what to do while there is none."""
        width = self.room
        number = self.scroll_offset.y + y
        if not self.rows:
            return self.finish([Segment("  " + self.empty if y == 0 else "", self.tone("faint"))], self.size.width)
        if number >= len(self.rows):
            return self.blank()
        row = self.rows[number]
        right = sum(cell_len(text) for text, _ in row.right)
        left = _cropped(row.left, max(0, width - right - 2))
        used = sum(cell_len(text) for text, _ in left)
        segments = [Segment(text, self.tone(tone)) for text, tone in left]
        segments.append(Segment(" " * max(1, width - used - right - 1)))
        segments += [Segment(text, self.tone(tone)) for text, tone in row.right]
        on_cursor = self.has_focus and number == self.cursor
        return self.finish(segments, self.size.width, self.tone("position") if on_cursor else None)

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked row."""
        row = self.scroll_offset.y + event.y
        if row < len(self.rows):
            self.move_cursor(row)
            self.post_message(self.Chosen(self, row))

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show or hide the cursor."""
        super().watch_has_focus(has_focus)
        self._tones.clear()
        self.forget_painted()

    def _reveal(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if height and not top <= self.cursor < top + height:
            self.scroll_to(y=max(0, self.cursor - height // 2), animate=False, force=True)


def _cropped(parts: Parts, cells: int) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    for text, tone in parts:
        wide = cell_len(text)
        if wide > cells:
            if cells > 0:
                kept.append((set_cell_size(text, cells - 1) + "…", tone))
            return kept
        kept.append((text, tone))
        cells -= wide
    return kept
