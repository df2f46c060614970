"""Waterfall bars in eighths of a cell, so that short steps keep their proportions.

Unicode has blocks that fill a cell from the left only; a cell filled on its right is the block of the empty part,
drawn in reverse.
"""

from dataclasses import dataclass
from typing import Final

LEFT_BLOCKS: Final = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in a track: blank cells, a head that may be reversed, a body of whole cells with its tail."""

    blank: int
    head: str
    body: str


def bar(start: float, end: float, width: int) -> Bar:
    """Return the bar from `start` to `end`, both fractions of a track of `width` cells; never shorter than 1/8."""
    last = 8 * width
    left = min(max(int(start * last), 0), last - 1)
    right = min(max(round(end * last), left + 1), last)
    first_cell, offset = divmod(left, 8)
    if right <= 8 * (first_cell + 1):
        return _within_one_cell(first_cell, offset, right - left)
    head = LEFT_BLOCKS[offset] if offset else ""
    whole_from = first_cell + 1 if offset else first_cell
    whole, tail = divmod(right - 8 * whole_from, 8)
    return Bar(first_cell, head, "█" * whole + (LEFT_BLOCKS[tail] if tail else ""))


def _within_one_cell(cell: int, offset: int, eighths: int) -> Bar:
    if offset and offset + eighths / 2 > 4:
        return Bar(cell, LEFT_BLOCKS[8 - eighths], "")
    return Bar(cell, "", LEFT_BLOCKS[eighths])
