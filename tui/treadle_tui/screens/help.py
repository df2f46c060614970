"""Help: every key of a screen, in columns by what it is for."""

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from treadle_tui.keys import Key
from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.payload_view import PayloadView

WORDS_HELP: Final = (
    ("next step finish continue", "with r before them: reverse; n s fin c rn rs rfin rc"),
    ("break COND", "a glob on the name, or SQL: kind='llm' and output_tokens > 500"),
    ("delete N · enable N · disable N", "a breakpoint, by its number in the list"),
    ("watch EXPR · unwatch N", "SQL over the columns of this step"),
    ("goto N · find TEXT · tab NAME", "a step by its number, a text in payloads, a tab"),
    ("replay · replay step · edit", "the chain, this step, with another input"),
    ("theme dark|light · quit", ""),
)


class HelpScreen(ModalScreen[None]):
    """Keys and typed commands."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,f1", "dismiss", "Close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, keys: Sequence[Key], title: str) -> None:
        super().__init__()
        self._keys = keys
        self._title = title

    def compose(self) -> ComposeResult:
        """Hold one page."""
        with Vertical(classes="sheet wide"):
            divider = Divider((f"Keys · {self._title}",))
            divider.heavy, divider.note = True, "esc closes"
            yield divider
            yield PayloadView()

    def on_mount(self) -> None:
        """Fill the page."""
        laid_out = page(
            _blocks(self._keys, typed=any(key.id.startswith("debug") for key in self._keys)), gutter_cells=14
        )
        view = self.query_one(PayloadView)
        view.load(laid_out.lines, margins=laid_out.margins)
        view.focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(PayloadView).scroll_relative(y=lines, animate=False)


def _blocks(keys: Sequence[Key], *, typed: bool) -> list[Block]:
    blocks: list[Block] = []
    for group, members in groupby(keys, key=lambda key: key.group):
        rows = [key for key in members if key.keys]
        widest = max(len(key.shown) for key in rows)
        text = "\n".join(f"{key.shown.ljust(widest)}   {key.name}" for key in rows)
        blocks.append(Block(text, group, "strong"))
    if typed:
        widest = max(len(words) for words, _ in WORDS_HELP)
        text = "\n".join(f"{words.ljust(widest)}   {meaning}".rstrip() for words, meaning in WORDS_HELP)
        blocks.append(Block(text, "Typed", "strong"))
    return blocks
