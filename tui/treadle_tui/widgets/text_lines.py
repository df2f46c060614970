"""A text of any size as lines: newlines and cell widths indexed once, with array operations.

Columns are characters, cells are what a terminal shows: a wide character takes two. For ASCII text they are the same,
and nothing but the newlines is indexed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.cells import get_character_cell_size

Codes = NDArray[np.uint8] | NDArray[np.uint32]
Offsets = NDArray[np.int64]
TAB_CELLS: Final = 4
_NEWLINE: Final = 10
_SPACE: Final = 32
_DELETE: Final = 127
_CODE_POINTS: Final = 0x110000
_CONTROLS: Final = {code: chr(0x2400 + code) for code in range(_SPACE) if code != _NEWLINE} | {_DELETE: "␡"}


@dataclass(frozen=True, slots=True, eq=False)
class TextLines:
    """An immutable text and where its lines are."""

    text: str
    starts: Offsets
    """Of each line, the offset of its first character."""
    ends: Offsets
    """Of each line, the offset after its last, the newline not included."""
    cells: NDArray[np.int64]
    """Of each line, its width on the screen."""
    cells_before: NDArray[np.int32] | None
    """Of each character, the cells from the start of the text; None where all characters are one cell wide."""

    @classmethod
    def of(cls, text: str) -> "TextLines":
        """Index a text; tabs become spaces, and control characters their pictures."""
        text = text.replace("\r\n", "\n").replace("\t", " " * TAB_CELLS)
        ascii_only = text.isascii()
        codes = _codes(text, ascii_only=ascii_only)
        if ((codes < _SPACE) & (codes != _NEWLINE) | (codes == _DELETE)).any():
            return cls.of(text.translate(_CONTROLS))
        starts, ends = _line_bounds(np.flatnonzero(codes == _NEWLINE), len(codes))
        if ascii_only:
            return cls(text, starts, ends, ends - starts, None)
        before = np.zeros(len(codes) + 1, np.int32)
        np.cumsum(_cell_widths(codes), out=before[1:])
        return cls(text, starts, ends, (before[ends] - before[starts]).astype(np.int64), before)

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, number: int) -> str:
        """Return a line, without its newline."""
        return self.text[self.starts[number] : self.ends[number]]

    def line_of(self, offset: int) -> int:
        """Return the line that holds a character."""
        return int(np.searchsorted(self.starts, offset, side="right")) - 1

    def find_all(self, wanted: str) -> Offsets:
        """Return where `wanted` occurs, whatever its case, first to last, without overlaps."""
        haystack, needle = self.text.lower(), wanted.lower()
        if len(haystack) != len(self.text):
            haystack, needle = self.text, wanted
        found: list[int] = []
        at = haystack.find(needle) if needle else -1
        while at >= 0:
            found.append(at)
            at = haystack.find(needle, at + len(needle))
        return np.array(found, np.int64)


def _codes(text: str, *, ascii_only: bool) -> Codes:
    if ascii_only:
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _line_bounds(breaks: NDArray[np.intp], length: int) -> tuple[Offsets, Offsets]:
    starts = np.concatenate([[0], breaks + 1]).astype(np.int64)
    ends = np.concatenate([breaks, [length]]).astype(np.int64)
    if len(starts) > 1 and starts[-1] == length:
        return starts[:-1], ends[:-1]
    return starts, ends


def _cell_widths(codes: Codes) -> NDArray[np.uint8]:
    """Return the width of each character; of those beyond ASCII, measured once for each different one."""
    widths = np.ones(len(codes), np.uint8)
    widths[codes == _NEWLINE] = 0
    places = np.flatnonzero(codes > _DELETE)
    beyond = codes[places].astype(np.intp)
    present = np.zeros(_CODE_POINTS, np.bool_)
    present[beyond] = True
    width_of = np.ones(_CODE_POINTS, np.uint8)
    for code in np.flatnonzero(present).tolist():
        width_of[code] = get_character_cell_size(chr(code))
    widths[places] = width_of[beyond]
    return widths
