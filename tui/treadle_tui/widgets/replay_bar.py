"""A replay that runs: a bar that grows call by call over the bottom of the screen, which stays in use meanwhile."""

from typing import ClassVar, Final

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from treadle_debugger.progress import Stand
from treadle_tui import figures
from treadle_tui.widgets.bars import bar
from treadle_tui.widgets.line_view import LineView

DECISION_TONES: Final = {
    "ran": "dim", "served": "good", "moved": "good", "overridden": "accent", "live": "accent", "missing": "alarm",
}  # fmt: skip
"""Of what became of a call; everything else stopped the replay."""
_LEAST_TRACK_CELLS: Final = 6
_MOST_TRACK_CELLS: Final = 48
_BOLD: Final = Style(bold=True)


class ReplayBar(LineView, can_focus=False):
    """Three lines: what is replayed, how far it is, and the newest call."""

    DEFAULT_CSS: ClassVar[str] = "ReplayBar { height: 3; overflow: hidden; display: none; }"

    def __init__(self) -> None:
        super().__init__(id="replay-bar")
        self.what = ""
        self.expected = 0
        self.stand = Stand({}, "", "")
        self.elapsed_s = 0.0
        self.ending = ""

    def begin(self, what: str, *, expected: int) -> None:
        """Show that a replay begins, of so many calls as far as is known."""
        self.what, self.expected, self.ending = what, expected, ""
        self.advance(Stand({}, "", ""), 0.0)
        self.display = True

    def advance(self, stand: Stand, elapsed_s: float) -> None:
        """Show how far it has come."""
        self.stand, self.elapsed_s = stand, elapsed_s
        self.forget_painted()

    def end(self, ending: str) -> None:
        """Show that it is about to be over, and why."""
        self.ending = ending
        self.forget_painted()

    def render_line(self, y: int) -> Strip:
        """Paint a line."""
        width = self.size.width
        return self.finish((self._title, self._track, self._newest)[y](width) if y < 3 else [], width)

    def _title(self, width: int) -> list[Segment]:
        note = " esc stops it " if not self.ending else f" {self.ending} "
        title = f" Replay · {self.what} "
        room = width - cell_len(note) - 3
        title = title if cell_len(title) <= room else set_cell_size(title, max(0, room - 2)) + "… "
        rule = "━" * max(0, width - 2 - cell_len(title) - cell_len(note))
        line = self.tone("bar-accent")
        return [
            Segment("━", line), Segment(title, self.tone("accent") + _BOLD), Segment(rule, line),
            Segment(note, self.tone("dim")), Segment("━", line),
        ]  # fmt: skip

    def _track(self, width: int) -> list[Segment]:
        took = figures.duration_text(int(self.elapsed_s * 1e9))
        said = self._said(is_brief=False)
        cells = min(_MOST_TRACK_CELLS, width - sum(cell_len(text) for text, _ in said) - len(took) - 6)
        segments = [Segment(" ")]
        if cells >= _LEAST_TRACK_CELLS:
            segments += self._bar(cells)
        else:
            said = self._said(is_brief=True)
        segments += [Segment(text, self.tone(tone)) for text, tone in said]
        used = sum(segment.cell_length for segment in segments)
        gap = " " * max(1, width - used - len(took) - 1)
        return [*segments, Segment(gap), Segment(took, self.tone("normal"))]

    def _said(self, *, is_brief: bool) -> list[tuple[str, str]]:
        done, gap = self.stand.done, "  " if is_brief else "   "
        of = f" of {figures.count(self.expected)}" if done <= self.expected else ""
        said = [(f"{figures.count(done)}{of}", "normal"), ("" if is_brief else " calls", "dim")]
        for word, count in self.stand.counts.items():
            said += [(gap + figures.count(count), "normal"), (f" {word}", DECISION_TONES.get(word, "alarm"))]
        return said

    def _bar(self, cells: int) -> list[Segment]:
        share = min(1.0, self.stand.done / self.expected) if self.expected else 1.0
        filled = bar(0, share, cells).body if share else ""
        rest = "·" * (cells - cell_len(filled))
        return [Segment(filled, self.tone("accent")), Segment(rest, self.tone("faint")), Segment("  ")]

    def _newest(self, width: int) -> list[Segment]:
        if not self.stand.path:
            return [Segment(" starting the program …", self.tone("dim"))]
        word = self.stand.decision
        room = max(0, width - 3 - len(word))
        path = self.stand.path
        path = path if cell_len(path) <= room else "…" + path[len(path) - room + 1 :]
        tone = self.tone(DECISION_TONES.get(word, "alarm"))
        return [Segment(f" {word}", tone), Segment(f" {path}", self.tone("dim"))]
