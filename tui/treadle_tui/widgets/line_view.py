"""What our line-API widgets share: tones that the stylesheet colours, and a cache of painted lines.

A widget asks for a tone by name (`dim`, `kind-llm`) and never for a colour. The tones are component classes
`line--<tone>`, set in `app.tcss` from theme variables.
"""

from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.scroll_view import ScrollView
from textual.strip import Strip

from treadle.model import KINDS

_BAR_STRENGTH: Final = 0.6
"""Bars are large areas: their hue is mixed with this much of the background left out."""

TONES: Final = (
    "normal", "strong", "dim", "faint", "hairline", "accent", "alarm", "good", "position", "head", "match", "selection",
    "syntax-key", "syntax-string", "syntax-number", "syntax-word", "syntax-name", "syntax-comment",
    *(f"kind-{kind}" for kind in KINDS),
)  # fmt: skip


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling view that paints each visible line itself."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{tone}" for tone in TONES}

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own names
        super().__init__(name=name, id=id, classes=classes)
        self._tones: dict[str, Style] = {}
        self._painted: dict[object, Strip] = {}

    def tone(self, name: str) -> Style:
        """Return the style of a tone, without a background unless the stylesheet gives it one."""
        style = self._tones.get(name)
        if style is None:
            style = self._tones[name] = self._mix_tone(name)
        return style

    def finish(self, segments: list[Segment], width: int, ground: Style | None = None) -> Strip:
        """Return a line of exactly `width` cells over the widget's background, or over `ground`."""
        base = self.rich_style if ground is None else self.rich_style + ground
        return Strip(segments).adjust_cell_length(width).apply_style(base)

    def blank(self) -> Strip:
        """Return an empty line."""
        return Strip.blank(self.size.width, self.rich_style)

    def _mix_tone(self, name: str) -> Style:
        if not name.startswith("bar-"):
            return self.get_component_rich_style(f"line--{name}", partial=True)
        hue = self.get_component_styles(f"line--{name.removeprefix('bar-')}").color
        return Style(color=self.background_colors[1].blend(hue, _BAR_STRENGTH).rich_color)

    def forget_painted(self) -> None:
        """Drop painted lines, because what they show changed, and paint anew."""
        self._painted.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Drop everything that colours went into."""
        super().notify_style_update()
        self._tones.clear()
        self._painted.clear()
