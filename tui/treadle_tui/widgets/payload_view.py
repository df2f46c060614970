"""Text of any size: JSON, code, prose, and pages of blocks with labels in a left gutter.

The text is indexed once, wrapped by arithmetic, and coloured only where it is looked at. What was selected is copied
from the text, not from the screen, so wrapping never gets into a copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.text import Text
from textual.selection import Selection
from textual.strip import Strip

from treadle_tui.widgets import highlight, marks
from treadle_tui.widgets.line_view import LineView
from treadle_tui.widgets.text_layout import Row, TextLayout
from treadle_tui.widgets.text_lines import TextLines

_WHOLE_LEXED_LIMIT: Final = 60_000
"""Characters of code up to which it is lexed whole, for strings that go over lines."""


@dataclass(frozen=True, slots=True)
class Label:
    """A small word in the gutter beside a line."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """How the lines of a page stand: one entry a line, and the gutter's labels by line."""

    gutter_cells: int
    indent: NDArray[np.int64]
    tones: tuple[str, ...]
    """The tone of each line as a whole."""
    languages: tuple[str | None, ...]
    labels: dict[int, Label] = field(default_factory=dict)
    longest_cells: int = 100
    """Where prose wraps, however wide the screen."""

    def looks_like(self, other: "Margins") -> bool:
        """Whether a text looks the same with both."""
        return (
            (self.gutter_cells, self.longest_cells) == (other.gutter_cells, other.longest_cells)
            and (self.tones, self.languages, self.labels) == (other.tones, other.languages, other.labels)
            and np.array_equal(self.indent, other.indent)
        )


class PayloadView(LineView):
    """A scrolling view of one text."""

    DEFAULT_CSS: ClassVar[str] = "PayloadView { overflow-x: hidden; scrollbar-size-vertical: 1; padding: 0 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own
        super().__init__(id=id, classes=classes)
        self.lines = TextLines.of("")
        self.margins: Margins | None = None
        self.language: str | None = None
        self.wrap = True
        self.hits: NDArray[np.int64] = np.empty(0, np.int64)
        self.hit = -1
        """Which of the hits was gone to last."""
        self._sought = ""
        self._layout = TextLayout.of(self.lines, 80)
        self._lexed: Sequence[Sequence[highlight.Span]] | None = None

    def load(
        self, lines: TextLines, *, language: str | None = None, margins: Margins | None = None, wrap: bool = True
    ) -> None:
        """Show a text from its start; long lines wrap, or run out to the right."""
        if self._shows(lines, language, margins) and wrap == self.wrap and not len(self.hits):
            self.scroll_to(0, 0, animate=False, force=True)
            return
        self.lines, self.language, self.margins, self.wrap = lines, language, margins, wrap
        self.styles.overflow_x = "hidden" if wrap else "auto"
        self.hits, self.hit, self._sought = np.empty(0, np.int64), -1, ""
        whole = language == "python" and len(lines.text) <= _WHOLE_LEXED_LIMIT
        self._lexed = highlight.spans_by_line(lines.text, "python") if whole else None
        self._lay_out()
        self.scroll_to(0, 0, animate=False, force=True)

    def _shows(self, lines: TextLines, language: str | None, margins: Margins | None) -> bool:
        """Whether a text is what is shown already: laying it out and painting it would be in vain."""
        if self.margins is None or margins is None:
            return self.margins is margins and language == self.language and lines.text == self.text
        return margins.looks_like(self.margins) and language == self.language and lines.text == self.text

    @property
    def text(self) -> str:
        """The whole text."""
        return self.lines.text

    def search(self, wanted: str) -> int:
        """Find `wanted`, go to its first place in or after what is in sight, and return how many there are."""
        self._sought = wanted
        self.hits = self.lines.find_all(wanted)
        row = self._layout.locate(min(self.scroll_offset.y, self._layout.row_count - 1))
        top = int(self.lines.starts[row.line]) + row.start
        if len(self.hits):
            self.go_to_hit(int(np.searchsorted(self.hits, top)) % len(self.hits))
        self.forget_painted()
        return len(self.hits)

    def go_to_hit(self, number: int) -> None:
        """Bring the n-th hit into sight, counted from 0."""
        if not 0 <= number < len(self.hits):
            return
        self.hit = number
        self._show_row(self._layout.row_of(int(self.hits[number])))
        self.forget_painted()

    def go_to_line(self, line: int) -> None:
        """Bring a line into sight, a third down."""
        line = min(max(0, line), len(self.lines) - 1)
        self._show_row(int(self._layout.first_row[line]))

    def go_to_top_line(self, line: int) -> None:
        """Bring a line to the top."""
        self.scroll_to(y=int(self._layout.first_row[min(line, len(self.lines) - 1)]), animate=False, force=True)

    def keep_in_upper_part(self, line: int) -> None:
        """Scroll down so far that a line stands in the upper two thirds, where it does not yet."""
        row, limit = int(self._layout.first_row[line]), self.size.height * 2 // 3
        if row - self.scroll_offset.y > limit:
            self.scroll_to(y=row - limit, animate=False, force=True)

    # Painting

    def render_line(self, y: int) -> Strip:
        """Paint one visible row."""
        number = self.scroll_offset.y + y
        if number >= self._layout.row_count:
            return self.blank()
        strip = self._painted.get(number)
        if strip is None:
            strip = self._painted[number] = self._paint(self._layout.locate(number))
        return strip

    def _paint(self, row: Row) -> Strip:
        margins = self.margins
        first = row.start == 0
        gutter = "" if margins is None else " " * margins.gutter_cells
        label = margins.labels.get(row.line) if margins is not None and first else None
        if label is not None:
            gutter = label.text[: len(gutter) - 1].rjust(len(gutter) - 2).ljust(len(gutter))
        indent = row.hang + (0 if margins is None else int(margins.indent[row.line]))
        left = Strip(
            [Segment(gutter, self.tone(label.tone if label else "dim")), Segment(" " * indent)], len(gutter) + indent
        )
        text = self._styled(row)
        right = Strip(text.render(self.app.console)).apply_offsets(row.start, row.line)
        width = self.size.width
        room = max(0, self.room - left.cell_length)
        if self.wrap:
            right = right.crop(0, room) if right.cell_length > room else right
        else:
            right = self._cut(right, self.scroll_offset.x, room)
        return Strip.join([left, right]).adjust_cell_length(width).apply_style(self.ground)

    def _cut(self, line: Strip, scroll: int, room: int) -> Strip:
        """Cut a line at the edges, with marks where it goes on."""
        before, after = scroll > 0 and line.cell_length > 0, line.cell_length > scroll + room
        kept = line.crop(scroll + before, max(scroll + before, scroll + room - after))
        parts = [self._edge(marks.BEFORE)] * before + [kept] + [self._edge(marks.BEYOND)] * after
        return Strip.join(parts)

    def _edge(self, mark: str) -> Strip:
        return Strip([Segment(mark, self.tone("accent"))], 1)

    def _styled(self, row: Row) -> Text:
        start = int(self.lines.starts[row.line])
        end = row.end if self.wrap else min(row.end, self.scroll_offset.x + 2 * self.size.width + 8)
        margins = self.margins
        tone = "normal" if margins is None else margins.tones[row.line]
        text = Text(self.lines.text[start + row.start : start + end], no_wrap=True, end="")
        text.stylize(self.tone(tone))
        for left, right, part_tone in self._line_spans(row.line):
            if right > row.start and left < end:
                text.stylize(self.tone(part_tone), max(0, left - row.start), right - row.start)
        self._mark_hits(text, start + row.start, len(text))
        selection = self.text_selection
        span = None if selection is None else selection.get_span(row.line)
        if span is not None:
            last = row.end if span[1] == -1 else span[1]
            text.stylize(self.tone("selection"), max(0, span[0] - row.start), max(0, last - row.start))
        return text

    def _line_spans(self, line: int) -> Sequence[highlight.Span]:
        if self.margins is not None and self.margins.tones[line] == "dim":
            return []
        if self._lexed is not None:
            return self._lexed[line] if line < len(self._lexed) else []
        language = self.language if self.margins is None else self.margins.languages[line]
        return highlight.spans(self.lines.line(line), language) if language else []

    def _mark_hits(self, text: Text, offset: int, length: int) -> None:
        size = len(self._sought)
        first, last = np.searchsorted(self.hits, [offset - size + 1, offset + length])
        for number in range(int(first), int(last)):
            at = int(self.hits[number]) - offset
            style = self.tone("match")
            text.stylize(style, max(0, at), at + size)
            if number == self.hit:
                text.stylize("bold underline", max(0, at), at + size)

    # Size, selection, mouse

    def on_resize(self) -> None:
        """Wrap anew; the line at the top stays at the top."""
        top = self._layout.locate(min(self.scroll_offset.y, max(0, self._layout.row_count - 1))).line
        self._lay_out()
        if top:
            self.scroll_to(y=int(self._layout.first_row[top]), animate=False, force=True)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the selected part of the text itself."""
        start = 0 if selection.start is None else self._offset_of(selection.start.y, selection.start.x)
        end = len(self.text) if selection.end is None else self._offset_of(selection.end.y, selection.end.x)
        return self.text[start:end], "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 - Textual's signature
        """Paint the selection."""
        self.forget_painted()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Paint anew: rows are cropped when they are painted."""
        self._painted.clear()
        super().watch_scroll_x(old_value, new_value)

    def _offset_of(self, line: int, column: int) -> int:
        if line >= len(self.lines):
            return len(self.text)
        return min(int(self.lines.starts[line]) + column, int(self.lines.ends[line]))

    def _lay_out(self) -> None:
        width = max(8, self.room)
        margins = self.margins
        room: int | NDArray[np.int64] = width
        if margins is not None:
            room = np.minimum(width - margins.gutter_cells, margins.longest_cells) - margins.indent
        self._layout = TextLayout.of(self.lines, room, wrap=self.wrap)
        widest = 0 if self.wrap else int(self.lines.cells.max(initial=0)) + (margins.gutter_cells if margins else 0)
        self.set_content(self._layout.row_count, cells=widest)
        self.forget_painted()

    def _show_row(self, row: int) -> None:
        height = self.size.height
        top = self.scroll_offset.y
        if not top <= row < top + height:
            self.scroll_to(y=max(0, row - height // 3), animate=False, force=True)
