"""A table of any length: pages of rows fetched when they come near, and only the lines in sight painted.

The owner gives a function that returns the rows after a given one (keyset paging: never an offset), which runs in a
thread. New rows may be put on top while the user reads; the cursor stays on its row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events, work
from textual.message import Message
from textual.strip import Strip
from textual.worker import get_current_worker

from treadle.errors import TreadleError
from treadle_tui.widgets.line_view import LineView

PAGE_ROWS: Final = 200
_AHEAD_ROWS: Final = 100
_GAP: Final = 2
_BOLD: Final = Style(bold=True)

Cell: TypeAlias = tuple[str, str]
"""Text and tone."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: as wide as given, or sharing what is left where `share` is set."""

    title: str
    cells: int
    share: int = 0
    align: Literal["left", "right"] = "left"
    from_width: int = 0
    """Shown only in tables at least this wide."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: a key that stays the same, its cells, and what the owner keeps with it."""

    key: str
    cells: tuple[Cell, ...]
    item: object = None


Fetch: TypeAlias = Callable[[TableRow | None, int], Sequence[TableRow]]
"""(the row to continue after, or None for the start; how many rows) -> rows; fewer than asked for means the end."""


class LazyTable(LineView):
    """Rows under a sticky header, with a cursor."""

    DEFAULT_CSS: ClassVar[str] = "LazyTable { overflow-x: hidden; scrollbar-size-vertical: 1; }"

    @dataclass
    class Highlighted(Message):
        """The cursor came to a row."""

        table: "LazyTable"
        row: TableRow

    @dataclass
    class Chosen(Message):
        """A row was clicked where the cursor was, or Enter was pressed."""

        table: "LazyTable"
        row: TableRow

    @dataclass
    class Loaded(Message):
        """A page of rows came."""

        table: "LazyTable"
        rows: Sequence[TableRow]
        after: TableRow | None
        generation: int

    @dataclass
    class Failed(Message):
        """A page of rows could not be had."""

        table: "LazyTable"
        error: TreadleError

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:  # noqa: A002 - Textual's own
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows: list[TableRow] = []
        self.cursor = 0
        self.complete = False
        self._fetch: Fetch | None = None
        self._fetching = False
        self._generation = 0

    # Rows

    def start(self, fetch: Fetch) -> None:
        """Show rows from `fetch`, from the first page on."""
        self._fetch = fetch
        self._generation += 1
        self.rows, self.cursor, self.complete, self._fetching = [], 0, False, False
        self._request()

    def put_on_top(self, newest: Sequence[TableRow]) -> int:
        """Merge the newest rows in: known keys are replaced, others stand on top. Return how many are new."""
        known = {row.key: number for number, row in enumerate(self.rows)}
        for row in newest:
            if row.key in known:
                self.rows[known[row.key]] = row
        fresh = [row for row in newest if row.key not in known]
        if fresh:
            at_top = self.cursor == 0 and self.scroll_offset.y == 0
            self.rows[:0] = fresh
            self._resize_content()
            if not at_top:
                self.cursor += len(fresh)
                self.scroll_to(y=self.scroll_offset.y + len(fresh), animate=False, force=True)
            self._announce()
        self.forget_painted()
        return len(fresh)

    def add_page(self, message: "LazyTable.Loaded") -> None:
        """Take a page in, unless the table was started anew meanwhile."""
        if message.generation != self._generation:
            return
        self._fetching = False
        known = {row.key for row in self.rows}
        first = not self.rows
        self.rows += [row for row in message.rows if row.key not in known]
        self.complete = len(message.rows) < PAGE_ROWS
        self._resize_content()
        if first and self.rows:
            self._announce()

    @property
    def cursor_row(self) -> TableRow | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if 0 <= self.cursor < len(self.rows) else None

    def move_cursor(self, row: int) -> None:
        """Put the cursor on a row, counted from 0, and bring it into sight."""
        row = min(max(0, row), len(self.rows) - 1)
        if row < 0:
            return
        self.cursor = row
        self._reveal()
        self.forget_painted()
        self._announce()
        self._request_near_end()

    def on_lazy_table_loaded(self, message: "LazyTable.Loaded") -> None:
        """Take in what the worker fetched."""
        self.add_page(message)

    # Painting

    def render_line(self, y: int) -> Strip:
        """Paint the header, or one visible row."""
        if y == 0:
            return self._paint(tuple((column.title, "dim") for column in self._shown()), None)
        number = self.scroll_offset.y + y - 1
        if number >= len(self.rows):
            more = number == len(self.rows) and not self.complete
            return self.finish([Segment("  …" if more else "", self.tone("faint"))], self.size.width)
        strip = self._painted.get(number)
        if strip is None:
            here = number == self.cursor
            shown = [cell for cell, column in self._cells(self.rows[number]) if column in self._shown()]
            strip = self._painted[number] = self._paint(tuple(shown), "position" if here else None)
        return strip

    def _cells(self, row: TableRow) -> list[tuple[Cell, Column]]:
        return list(zip(row.cells, self.columns, strict=True))

    def _paint(self, cells: tuple[Cell, ...], ground: str | None) -> Strip:
        here = ground is not None
        segments = [Segment("▶ " if here else "  ", self.tone("accent"))]
        for (text, tone), column, width in zip(cells, self._shown(), self._widths(), strict=True):
            plain = tone == "normal"
            style = self.tone("strong") + _BOLD if here and plain else self.tone(tone)
            segments.append(Segment(_fit(text, width, column.align), style))
            segments.append(Segment(" " * _GAP))
        return self.finish(segments, self.size.width, self.tone(ground) if ground else None)

    def _shown(self) -> list[Column]:
        return [column for column in self.columns if column.from_width <= self.size.width]

    def _widths(self) -> list[int]:
        shown = self._shown()
        free = self.room - 1 - sum(column.cells + _GAP for column in shown)
        shares = sum(column.share for column in shown)
        return [column.cells + (max(0, free) * column.share // shares if shares else 0) for column in shown]

    # Keys, mouse, size

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the clicked row; choose it where the cursor already was."""
        row = self.scroll_offset.y + event.y - 1
        if event.y and 0 <= row < len(self.rows):
            again = row == self.cursor
            self.move_cursor(row)
            if again:
                self.post_message(self.Chosen(self, self.rows[row]))

    def on_resize(self) -> None:
        """Lay the columns out anew."""
        self._resize_content()
        self._reveal()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Paint, and fetch what comes near."""
        super().watch_scroll_y(old_value, new_value)
        self._request_near_end()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show more or less strongly where the cursor is."""
        super().watch_has_focus(has_focus)
        self._tones.clear()
        self.forget_painted()

    def _announce(self) -> None:
        row = self.cursor_row
        if row is not None:
            self.post_message(self.Highlighted(self, row))

    def _resize_content(self) -> None:
        self.set_content(len(self.rows) + 1 + (not self.complete))
        self.forget_painted()

    def _reveal(self) -> None:
        page, top = self.size.height - 1, self.scroll_offset.y
        if page <= 0:
            return
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + page:
            self.scroll_to(y=self.cursor - page + 1, animate=False, force=True)

    # Fetching

    def _request_near_end(self) -> None:
        if self.scroll_offset.y + self.size.height + _AHEAD_ROWS > len(self.rows):
            self._request()

    def _request(self) -> None:
        if self._fetch is None or self._fetching or self.complete:
            return
        self._fetching = True
        self._fetch_page(self._fetch, self.rows[-1] if self.rows else None, self._generation)

    @work(thread=True, exit_on_error=False)
    def _fetch_page(self, fetch: Fetch, after: TableRow | None, generation: int) -> None:
        worker = get_current_worker()
        try:
            rows = fetch(after, PAGE_ROWS)
        except TreadleError as error:
            self.post_message(self.Failed(self, error))
            return
        if not worker.is_cancelled:
            self.post_message(self.Loaded(self, rows, after, generation))


def _fit(text: str, cells: int, align: str) -> str:
    wide = cell_len(text)
    if wide > cells:
        return set_cell_size(text, cells - 1) + "…" if cells > 1 else text[:cells]
    blank = " " * (cells - wide)
    return blank + text if align == "right" else text + blank
