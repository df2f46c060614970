"""Tables for people: no boxes, numbers to the right, as wide as they are.

On a terminal the widest columns give way until the table fits; anywhere else nothing is cut. The first rows decide
the widths, the rest is written as it comes.
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from treadle_tui.cli.controls import visible

SAMPLED_ROWS = 1_000
LEAST_COLUMN_CELLS = 8
GAP = "  "
NUMBER_TYPES = (
    "INT",
    "BIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "HUGEINT",
    "UTINY",
    "USMALL",
    "SMALLINT",
    "TINYINT",
    "UBIG",
    "UINT",
)


def write_table(names: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> int:
    """Write a table with a heading; return how many rows there were."""
    if not names:
        return 0
    console = console_on(out)
    lines = ([one_line(cell) for cell in row] for row in rows)
    sample = list(islice(lines, SAMPLED_ROWS))
    widths = [max(cell_len(text) for text in column) for column in zip(names, *sample, strict=True)]
    to_right = [type_name.startswith(NUMBER_TYPES) and not type_name.endswith("]") for type_name in types]
    if out.isatty():
        widths = _fitted(widths, to_right, shutil.get_terminal_size().columns)
    print_line(console, Text(_line(names, widths, to_right, cut=out.isatty()), "bold"))
    written = 0
    for row in chain(sample, lines):
        print_line(console, Text(_line(row, widths, to_right, cut=out.isatty())))
        written += 1
    return written


def console_on(out: TextIO) -> Console:
    """Return a console that writes what it is given, without wrapping or guessing at markup."""
    return Console(file=out, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_line(console: Console, text: Text, *, cut: bool = False) -> None:
    """Print one line, however long; with `cut`, no longer than the terminal, if there is one.

    Whatever was recorded passes here on its way to the terminal, so no control character gets beyond this.
    """
    text.plain = visible(text.plain)
    if cut and console.file.isatty():
        text.truncate(shutil.get_terminal_size().columns, overflow="ellipsis")
    if console.color_system is None:  # nothing to colour: rich would take ten times as long to find that out
        console.file.write(f"{text.plain.rstrip()}\n")
        return
    text.rstrip()
    console.print(text, no_wrap=True, overflow="ignore", crop=False)


def one_line(cell: Any) -> str:
    """Return a cell's text on one line."""
    if cell is None:
        return "null"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return str(cell.replace(tzinfo=None))
    if isinstance(cell, bytes):
        return visible(cell.decode(errors="replace"), lines=False)
    return visible(str(cell), lines=False)


def _line(cells: Sequence[str], widths: Sequence[int], to_right: Sequence[bool], *, cut: bool) -> str:
    shown = (_cell(*column, cut=cut) for column in zip(cells, widths, to_right, strict=True))
    return GAP.join(shown).rstrip()


def _cell(text: str, width: int, to_right: bool, *, cut: bool) -> str:
    length = cell_len(text)
    if length > width and cut:
        return set_cell_size(text, width - 1) + "…"
    padding = " " * (width - length)
    return padding + text if to_right else text + padding


def _fitted(widths: list[int], to_right: Sequence[bool], room: int) -> list[int]:
    """Take cells from the widest texts until the table fits, or every text is small; numbers stay whole."""
    fitted = list(widths)
    texts = [column for column, is_number in enumerate(to_right) if not is_number]
    excess = sum(fitted) + len(GAP) * (len(fitted) - 1) - room
    while excess > 0 and texts:
        widest = max(texts, key=fitted.__getitem__)
        if fitted[widest] <= LEAST_COLUMN_CELLS:
            break
        rivals = [fitted[column] for column in texts if column != widest and fitted[column] < fitted[widest]]
        floor = max([LEAST_COLUMN_CELLS, *rivals])
        taken = min(excess, max(1, fitted[widest] - floor))
        fitted[widest] -= taken
        excess -= taken
    return fitted
