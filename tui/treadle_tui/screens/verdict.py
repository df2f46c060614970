"""What a replay showed: the verdict in words, what was served, live or changed, and the way to the new trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from treadle.errors import RefusedError, ReplayError, TreadleError
from treadle_debugger.replaying import Result
from treadle_debugger.verdict import DIVERGING, CallReport
from treadle_tui import figures
from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.payload_view import PayloadView

_GLYPHS: Final = {"same": ("✓", "good"), "fixed": ("✓", "good"), "changed": ("≠", "accent")}
_CALLS_SHOWN: Final = 200
_DECISION_TONES: Final = {"served": "dim", "moved": "dim", "ran": "faint", "live": "accent"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to do after a replay."""

    open_trace: str | None = None
    live: tuple[str, ...] = ()
    """Calls to allow live in another try."""


class VerdictScreen(ModalScreen[Answer | None]):
    """A replay's result, and what to do next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o", "open", "Open the new trace", show=False),
        Binding("a", "allow", "Allow these calls live, and replay again", show=False),
        Binding("escape,q", "close", "Close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
    ]

    def __init__(self, blocks: Sequence[Block], *, new_trace: str | None = None, strays: Sequence[str] = ()) -> None:
        super().__init__()
        self._blocks = blocks
        self._new_trace = new_trace
        self._strays = tuple(strays)

    def compose(self) -> ComposeResult:
        """Hold one page."""
        with Vertical(classes="sheet"):
            divider = Divider(("Replay",))
            divider.heavy = True
            allow = "a allows these calls live · " if self._strays else ""
            divider.note = f"{allow}{'enter opens the new trace · ' if self._new_trace else ''}esc closes"
            yield divider
            yield PayloadView()

    def on_mount(self) -> None:
        """Fill the page."""
        laid_out = page(self._blocks, gutter_cells=14)
        view = self.query_one(PayloadView)
        view.load(laid_out.lines, margins=laid_out.margins)
        view.focus()

    def action_open(self) -> None:
        """Answer with the new trace."""
        self.dismiss(Answer(open_trace=self._new_trace))

    def action_allow(self) -> None:
        """Answer with the calls that the recording has no answer for."""
        if self._strays:
            self.dismiss(Answer(live=self._strays))

    def action_close(self) -> None:
        """Answer with nothing."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(PayloadView).scroll_relative(y=lines, animate=False)


def verdict_blocks(result: Result) -> list[Block]:
    """Return the page of a result."""
    glyph, tone = _GLYPHS.get(result.verdict, ("✗", "alarm"))
    blocks = [Block(f"{result.verdict}: {result.sentence}", glyph, tone, tone)]
    counts = [f"{figures.count(number)} {decision}" for decision, number in result.counts.items()]
    took = figures.duration_text(int(result.elapsed_s * 1e9))
    if result.recorded_s is not None:
        took += f"; the recording took {figures.duration_text(int(result.recorded_s * 1e9))}"
    blocks.append(Block(", ".join(counts) or "no call", "calls", gap=True))
    blocks.append(Block(took, "took", gap=False))
    if result.trace_id:
        blocks.append(Block(result.trace_id, "new trace", tone="dim", gap=False))
    edited = sorted({call.name for call in result.calls if call.is_edited})
    if edited:
        blocks.append(Block(", ".join(edited), "edited code", "accent", gap=False))
    for number, call in enumerate(result.calls[:_CALLS_SHOWN]):
        blocks.append(_call_block(call, gap=number == 0))
    return blocks


def stray_names(result: Result) -> tuple[str, ...]:
    """Return the names of the calls that had no recorded answer."""
    return tuple(dict.fromkeys(call.name for call in result.calls if call.decision in DIVERGING))


def trouble_blocks(error: TreadleError) -> list[Block]:
    """Return the page of a replay that did not run, and why."""
    word = "refused" if isinstance(error, RefusedError) else "not replayable"
    word = word if isinstance(error, ReplayError) else "could not run"
    return [Block(word, "✗", "alarm", "alarm"), Block(str(error), gap=False)]


def _call_block(call: CallReport, *, gap: bool) -> Block:
    tone = _DECISION_TONES.get(call.decision, "alarm")
    text = call.path
    for extra in (call.difference, call.why):
        if extra is not None and call.decision not in {"served", "ran"}:
            text += f"\n  {extra}"
    return Block(text, call.decision, tone, "dim" if tone in {"dim", "faint"} else "normal", gap=gap)
