"""Lines of text laid out in rows of a given width, without wrapping more than what is looked at.

How many rows a line takes is computed for all lines at once. Where the long lines together are small they are broken at
words; else at the cell, for which any row can be found by arithmetic, in a line of any length.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from treadle_tui.widgets.text_lines import TextLines

WORD_WRAP_LIMIT: Final = 200_000
"""Characters in long lines up to which they are broken at words (40 ms)."""

_NARROWEST_HANG: Final = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A row on the screen: the part from `start` to `end` of a line, `hang` cells to the right."""

    line: int
    start: int
    end: int
    hang: int


@dataclass(slots=True, eq=False)
class TextLayout:
    """Where each row of a text stands."""

    lines: TextLines
    width: NDArray[np.int64]
    """Of each line, the cells it may take."""
    first_row: NDArray[np.int64]
    """Of each line, its first row; one more at the end."""
    breaks: dict[int, list[int]] = field(default_factory=dict)
    """Of lines broken at words, where each row starts."""
    hangs: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: TextLines, width: int | NDArray[np.int64], *, wrap: bool = True) -> "TextLayout":
        """Lay `lines` out in `width` cells (for each line the same, or its own)."""
        widths = np.maximum(2, np.broadcast_to(np.asarray(width, np.int64), (len(lines),)))
        long_lines = np.flatnonzero(lines.cells > widths) if wrap else np.empty(0, np.int64)
        rows = np.ones(len(lines), np.int64)
        layout = cls(lines, widths, rows)
        if int((lines.ends - lines.starts)[long_lines].sum()) <= WORD_WRAP_LIMIT:
            for line in long_lines.tolist():
                rows[line] = layout._break_at_words(line)
        else:
            rows[long_lines] = -(-lines.cells[long_lines] // layout._step(long_lines))
        layout.first_row = np.concatenate([[0], np.cumsum(rows)])
        return layout

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return int(self.first_row[-1])

    def locate(self, row: int) -> Row:
        """Return what stands in a row."""
        line = int(np.searchsorted(self.first_row, row, side="right")) - 1
        return self._row_of_line(line, row - int(self.first_row[line]))

    def row_of(self, offset: int) -> int:
        """Return the row that holds a character of the text."""
        line = self.lines.line_of(offset)
        column = offset - int(self.lines.starts[line])
        starts = self.breaks.get(line)
        first = int(self.first_row[line])
        if starts is not None:
            return first + int(np.searchsorted(starts, column, side="right")) - 1
        rows = int(self.first_row[line + 1]) - first
        before = self._cells_to(line, column)
        return first + min(rows - 1, before // int(self._step(np.array([line]))[0]))

    def _row_of_line(self, line: int, number: int) -> Row:
        length = int(self.lines.ends[line] - self.lines.starts[line])
        starts = self.breaks.get(line)
        if starts is not None:
            end = starts[number + 1] if number + 1 < len(starts) else length
            return Row(line, starts[number], end, self.hangs.get(line, 0) if number else 0)
        if self.first_row[line + 1] - self.first_row[line] == 1:
            return Row(line, 0, length, 0)
        step = int(self._step(np.array([line]))[0])
        return Row(line, self._column_at(line, number * step), self._column_at(line, (number + 1) * step), 0)

    def _step(self, lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the cells between row starts; one less where a wide character may stand across the edge."""
        return self.width[lines] - (self.lines.cells_before is not None)

    def _cells_to(self, line: int, column: int) -> int:
        before = self.lines.cells_before
        start = int(self.lines.starts[line])
        return column if before is None else int(before[start + column] - before[start])

    def _column_at(self, line: int, cell: int) -> int:
        """Return the first character of a line that begins at or after a cell."""
        before = self.lines.cells_before
        start, end = int(self.lines.starts[line]), int(self.lines.ends[line])
        if before is None:
            return min(cell, end - start)
        return int(np.searchsorted(before[start:end], before[start] + cell))

    def _break_at_words(self, line: int) -> int:
        text = self.lines.line(line)
        width = int(self.width[line])
        hang = min(len(text) - len(text.lstrip()), width // 2) if width >= _NARROWEST_HANG else 0
        starts = [0]
        while True:
            start = starts[-1]
            room = width - (hang if start else 0)
            end = self._column_at(line, self._cells_to(line, start) + room)
            while self._cells_to(line, end) - self._cells_to(line, start) > room:
                end -= 1
            end = max(end, start + 1)
            if end >= len(text):
                break
            space = text.rfind(" ", start + 1, end + 1)
            starts.append(space + 1 if space > start + hang else end)
        self.breaks[line], self.hangs[line] = starts, hang
        return len(starts)
