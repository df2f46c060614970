"""Pages: blocks of text with a small label in a left gutter, as one text with margins for the payload view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from treadle_tui.widgets.payload_view import Label, Margins
from treadle_tui.widgets.text_lines import TextLines

WIDEST_GUTTER: Final = 16
NARROWEST_GUTTER: Final = 11


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines that belong together."""

    text: str
    label: str = ""
    label_tone: str = "dim"
    tone: str = "normal"
    language: str | None = None
    indent: int = 0
    gap: bool = True
    """An empty line stands before it."""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Blocks laid out as lines."""

    lines: TextLines
    margins: Margins
    block_of_line: tuple[int, ...]


def page(blocks: Sequence[Block], *, gutter_cells: int | None = None, longest_cells: int = 100) -> Page:
    """Lay blocks out under each other; the gutter is as wide as the widest label."""
    if gutter_cells is None:
        widest = max((len(block.label) for block in blocks), default=0)
        gutter_cells = min(max(widest + 3, NARROWEST_GUTTER), WIDEST_GUTTER) if widest else 1
    texts: list[str] = []
    looks: list[tuple[int, str, str | None, int]] = []
    labels: dict[int, Label] = {}
    for number, block in enumerate(blocks):
        if block.gap and texts:
            texts.append("")
            looks.append((0, "normal", None, number))
        if block.label:
            labels[len(texts)] = Label(_fit(block.label, gutter_cells - 2), block.label_tone)
        for line in _lines_of(block.text):
            texts.append(line)
            looks.append((block.indent, block.tone, block.language, number))
    lines = TextLines.of("\n".join(texts))
    looks = looks[: len(lines)]
    margins = Margins(
        gutter_cells=gutter_cells,
        indent=np.array([look[0] for look in looks] or [0], np.int64),
        tones=tuple(look[1] for look in looks) or ("normal",),
        languages=tuple(look[2] for look in looks) or (None,),
        labels=labels,
        longest_cells=longest_cells,
    )
    return Page(lines, margins, tuple(look[3] for look in looks))


def _lines_of(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")


def _fit(label: str, cells: int) -> str:
    return label if len(label) <= cells else label[: cells - 1] + "…"
