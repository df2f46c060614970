"""One line of text in several tones: the status line, and the facts about a step."""

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from treadle_tui.widgets.line_view import LineView
from treadle_tui.widgets.side_list import Parts

_BOLD = Style(bold=True)


class PartsLine(LineView, can_focus=False):
    """Parts from the left, and parts at the right edge where there is room."""

    DEFAULT_CSS: ClassVar[str] = "PartsLine { height: 1; overflow: hidden; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own
        super().__init__(id=id, classes=classes)
        self._left: Parts = ()
        self._right: Parts = ()

    def show(self, left: Parts, right: Parts = ()) -> None:
        """Show other parts; a tone that ends in `!` is bold."""
        self._left, self._right = left, right
        self.forget_painted()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 - it has one line
        """Paint the line."""
        width = self.size.width
        left = sum(cell_len(text) for text, _ in self._left)
        right = sum(cell_len(text) for text, _ in self._right)
        segments = [Segment(text, self._style(tone)) for text, tone in self._left]
        if left + right + 2 <= width:
            segments.append(Segment(" " * (width - left - right - 1)))
            segments += [Segment(text, self._style(tone)) for text, tone in self._right]
        return self.finish(segments, width)

    def _style(self, tone: str) -> Style:
        return self.tone(tone[:-1]) + _BOLD if tone.endswith("!") else self.tone(tone)
