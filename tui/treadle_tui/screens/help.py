"""Help: every key of a screen, in columns by what it is for."""

from collections.abc import Sequence
from itertools import groupby
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from treadle_tui.keys import Key
from treadle_tui.screens.sheet import SheetScreen
from treadle_tui.widgets.blocks import Block

WORDS_HELP: Final = (
    ("next step finish continue", "with r before them: reverse; n s fin c rn rs rfin rc"),
    ("break COND", "a glob on the name, or SQL: kind='llm' and output_tokens > 500"),
    ("delete N · enable N · disable N", "a breakpoint, by its number in the list"),
    ("watch EXPR · unwatch N", "SQL over the columns of this step"),
    ("goto N · find TEXT · tab NAME", "a step by its number, a text in payloads, a tab"),
    ("replay · replay step · replay from", "the chain served, this step alone, real from here on"),
    ("replay --live X --model M …", "with what treadle replay takes: --all-live --set --result --strict …"),
    ("set PATH VALUE · edit", "the chain with another input of this step: set $.text 'hi'"),
    ("result VALUE · edit-answer", "the chain with another answer of this step"),
    ("diff · diff TRACE", "what differs from the trace that this replays, or from another"),
    ("theme dark|light · quit", ""),
)


class HelpScreen(SheetScreen):
    """Keys and typed commands."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1", "dismiss", show=False)]

    def __init__(self, keys: Sequence[Key], title: str) -> None:
        typed = any(key.id.startswith("debug") for key in keys)
        super().__init__(f"Keys · {title}", _blocks(keys, typed=typed))


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
