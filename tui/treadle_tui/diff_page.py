"""Two traces compared, as pages: under each other, or side by side where there is room.

Both hold each call with what differs in its input and its output.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from rich.cells import chop_cells

from treadle.model import Json, RecordedCall
from treadle.values.difference import Difference
from treadle_debugger.admission import calls_below
from treadle_debugger.alignment import Pair, diff_traces
from treadle_debugger.verdict import error_text
from treadle_tui.widgets.blocks import Block

if TYPE_CHECKING:
    from treadle_storage import Store

_SHOWN_CHARACTERS: Final = 1_000
_MOST_PAIRS: Final = 500
_GLYPHS: Final = {"=": "faint", "≠": "accent", "-": "alarm", "+": "good"}


@dataclass(frozen=True, slots=True)
class Compared:
    """Two traces, call by call."""

    before: str
    after: str
    pairs: tuple[Pair, ...]


def compare(store: "Store", before: str, after: str, *, step_id: str | None = None) -> Compared:
    """Compare two traces of a store; with a step, what is below that step with the whole other one.

    A trace that began with another function than the other is a replay of one step: it is compared with that step.
    """
    ours, theirs = store.recording(before).calls, store.recording(after).calls
    root = next((call for call in ours if call.span_id == step_id), None) or _counterpart(ours, theirs)
    if root is not None:
        ours = calls_below(ours, root)
    return Compared(before, after, tuple(diff_traces(ours, theirs)))


def diff_page(compared: Compared) -> list[Block]:
    """Return the comparison as one page."""
    pairs = compared.pairs
    blocks = [Block(_counts(pairs), tone="strong")]
    for number, pair in enumerate(pairs[:_MOST_PAIRS]):
        blocks += _pair_blocks(pair, first=number == 0)
    return blocks + _rest(pairs)


def diff_columns(compared: Compared, *, width: int) -> tuple[list[Block], list[Block]]:
    """Return the comparison as two pages of as many lines; `width` cells hold a line of either."""
    left = [Block(chop_cells(f"{compared.before[:8]} · {_counts(compared.pairs)}", width)[0], tone="strong")]
    right = [Block(compared.after[:8], tone="strong")]
    for number, pair in enumerate(compared.pairs[:_MOST_PAIRS]):
        for ours, theirs in _pair_rows(pair, width, first=number == 0):
            left.append(ours)
            right.append(theirs)
    rest = _rest(compared.pairs)
    return left + rest, right + [Block("") for _ in rest]


def _counterpart(ours: Sequence[RecordedCall], theirs: Sequence[RecordedCall]) -> RecordedCall | None:
    root = next((call for call in theirs if call.parent_span_id is None), None)
    first = next((call for call in ours if call.parent_span_id is None), None)
    if root is None or first is None or root.name == first.name:
        return None
    named = [call for call in ours if call.name == root.name]
    return next((call for call in named if call.input_tagged == root.input_tagged), named[0] if named else None)


def _rest(pairs: Sequence[Pair]) -> list[Block]:
    left_out = len(pairs) - _MOST_PAIRS
    return [Block(f"{left_out} more: treadle diff shows all", tone="faint")] if left_out > 0 else []


def _glyph(pair: Pair) -> str:
    if pair.diff is None:
        return "-" if pair.after is None else "+"
    return "=" if pair.diff.is_same else "≠"


def _counts(pairs: Sequence[Pair]) -> str:
    words = {"≠": "differ", "-": "only before", "+": "only after", "=": "the same"}
    counted = Counter(map(_glyph, pairs))
    return ", ".join(f"{counted[glyph]} {word}" for glyph, word in words.items() if counted[glyph])


def _name(pair: Pair) -> str:
    call = pair.after or pair.before
    return call.name if call is not None else "?"


def _changes(pair: Pair) -> Iterator[tuple[str, Difference]]:
    """Return where two calls differ; of two errors that is what they say, not each field of the exceptions."""
    if pair.diff is None or pair.before is None or pair.after is None:
        return
    for difference in pair.diff.inputs:
        yield f"input {difference.path}".rstrip(), difference
    if pair.before.status == pair.after.status == "error":
        said = error_text(pair.before.output_tagged), error_text(pair.after.output_tagged)
        if pair.diff.outputs:
            yield "raised", Difference("", "changed", *said)
        return
    for difference in pair.diff.outputs:
        yield f"output {difference.path}".rstrip(), difference


# Under each other


def _pair_blocks(pair: Pair, *, first: bool) -> list[Block]:
    glyph = _glyph(pair)
    words = {"-": "  only before", "+": "  only after"}.get(glyph, "")
    tone = "dim" if glyph == "=" else "strong"
    blocks = [Block(f"{'  ' * pair.depth}{_name(pair)}{words}", glyph, _GLYPHS[glyph], tone, gap=first)]
    indent = 2 * pair.depth + 2
    if pair.diff is not None and pair.diff.status is not None:
        text = f"status {' → '.join(pair.diff.status)}"
        blocks.append(Block(text, tone="syntax-key", indent=indent, gap=False))
    for place, difference in _changes(pair):
        blocks += _changed(place, difference, indent=indent)
    return blocks


def _changed(place: str, difference: Difference, *, indent: int) -> list[Block]:
    blocks = [Block(place, tone="syntax-key", indent=indent, gap=False)]
    if difference.change != "added":
        blocks.append(Block(_shown(difference.before), "-", "alarm", "dim", indent=indent, gap=False))
    if difference.change != "removed":
        blocks.append(Block(_shown(difference.after), "+", "good", "normal", indent=indent, gap=False))
    return blocks


# Side by side


def _pair_rows(pair: Pair, width: int, *, first: bool) -> Iterator[tuple[Block, Block]]:
    glyph = _glyph(pair)
    name, tone = f"{'  ' * pair.depth}{_name(pair)}", "dim" if glyph == "=" else "strong"
    nothing = Block("", gap=first)
    head = Block(chop_cells(name, width)[0], glyph, _GLYPHS[glyph], tone, gap=first)
    yield nothing if pair.before is None else head, nothing if pair.after is None else head
    indent = 2 * pair.depth + 2
    room = max(8, width - indent)
    if pair.diff is not None and pair.diff.status is not None:
        yield from _beside("status", *pair.diff.status, indent=indent, room=room)
    for place, difference in _changes(pair):
        before = None if difference.change == "added" else _shown(difference.before)
        after = None if difference.change == "removed" else _shown(difference.after)
        yield from _beside(place, before, after, indent=indent, room=room)


def _beside(
    place: str, before: str | None, after: str | None, *, indent: int, room: int
) -> Iterator[tuple[Block, Block]]:
    where = Block(chop_cells(place, room)[0], tone="syntax-key", indent=indent, gap=False)
    yield where, where
    sides = zip_longest(_wrapped(before, room), _wrapped(after, room))
    for number, (ours, theirs) in enumerate(sides):
        labels = ("-", "+") if number == 0 else ("", "")
        yield (
            Block(ours or "", labels[0] if ours is not None else "", "alarm", "dim", indent=indent, gap=False),
            Block(theirs or "", labels[1] if theirs is not None else "", "good", "normal", indent=indent, gap=False),
        )


def _wrapped(text: str | None, room: int) -> list[str]:
    if text is None:
        return []
    return [part for line in text.splitlines() or [""] for part in chop_cells(line.expandtabs(4), room) or [""]]


def _shown(value: Json) -> str:
    if isinstance(value, dict) and set(value) == {"type", "message"}:
        value = f"{value['type']}: {value['message']}"
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
