"""Two traces side by side, as a page: each call with what differs in its input and its output."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from treadle.model import Json
from treadle_debugger.alignment import Pair, diff_traces
from treadle_debugger.diff import Difference
from treadle_tui.widgets.blocks import Block

if TYPE_CHECKING:
    from treadle_storage import Store

_SHOWN_CHARACTERS: Final = 1_000
_MOST_PAIRS: Final = 500
_GLYPHS: Final = {"=": "faint", "≠": "accent", "-": "alarm", "+": "good"}


def diff_page(store: "Store", before: str, after: str) -> list[Block]:
    """Compare two traces of a store."""
    pairs = diff_traces(store.recording(before).calls, store.recording(after).calls)
    blocks = [Block(_counts(pairs), tone="strong")]
    for number, pair in enumerate(pairs[:_MOST_PAIRS]):
        blocks += _pair_blocks(pair, first=number == 0)
    if len(pairs) > _MOST_PAIRS:
        blocks.append(Block(f"{len(pairs) - _MOST_PAIRS} more: treadle diff shows all", tone="faint"))
    return blocks


def _glyph(pair: Pair) -> str:
    if pair.diff is None:
        return "-" if pair.after is None else "+"
    return "=" if pair.diff.is_same else "≠"


def _counts(pairs: Sequence[Pair]) -> str:
    words = {"≠": "differ", "-": "only before", "+": "only after", "=": "the same"}
    counted = Counter(map(_glyph, pairs))
    return ", ".join(f"{counted[glyph]} {word}" for glyph, word in words.items() if counted[glyph])


def _pair_blocks(pair: Pair, *, first: bool) -> list[Block]:
    glyph, call = _glyph(pair), pair.after or pair.before
    name = call.name if call is not None else "?"
    words = {"-": "  only before", "+": "  only after"}.get(glyph, "")
    tone = "dim" if glyph == "=" else "strong"
    blocks = [Block(f"{'  ' * pair.depth}{name}{words}", glyph, _GLYPHS[glyph], tone, gap=first)]
    if pair.diff is None:
        return blocks
    if pair.diff.status is not None:
        text = f"status {' → '.join(pair.diff.status)}"
        blocks.append(Block(text, tone="syntax-key", indent=2 * pair.depth + 2, gap=False))
    for title, found in (("input", pair.diff.inputs), ("output", pair.diff.outputs)):
        for difference in found:
            blocks += _changed(title, difference, indent=2 * pair.depth + 2)
    return blocks


def _changed(title: str, difference: Difference, *, indent: int) -> list[Block]:
    place = f"{title} {difference.path}".rstrip()
    blocks = [Block(place, tone="syntax-key", indent=indent, gap=False)]
    if difference.change != "added":
        blocks.append(Block(_shown(difference.before), "-", "alarm", "dim", indent=indent, gap=False))
    if difference.change != "removed":
        blocks.append(Block(_shown(difference.after), "+", "good", "normal", indent=indent, gap=False))
    return blocks


def _shown(value: Json) -> str:
    if isinstance(value, dict) and set(value) == {"type", "message"}:
        value = f"{value['type']}: {value['message']}"
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
