"""What our line-API widgets share: tones that the theme colours, and a cache of painted lines.

A widget asks for a tone by name (`dim`, `kind-llm`) and never for a colour; a tone is a variable of the theme. They are
not component classes, because Textual styles each of those for each widget whenever a class changes: 0.3 s a screen.
"""

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

_BAR_STRENGTH: Final = 0.6
"""Bars are large areas: their hue is mixed with the background."""
_VARIABLES: Final = {
    "normal": "foreground",
    "alarm": "error",
    "good": "success",
    "selection": "input-selection-background",
}
"""Tones that the theme has under another name."""
_GROUNDS: Final = {"position", "position-blur", "match", "selection"}
"""Tones that colour the background."""


class LineView(ScrollView, can_focus=True, inherit_bindings=False):
    """A scrolling view that paints each visible line itself."""

    def __init__(self, *, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own names
        super().__init__(name=name, id=id, classes=classes)
        self._tones: dict[str, Style] = {}
        self._painted: dict[object, Strip] = {}
        self._ground: Style | None = None
        self._blank: Strip | None = None

    @property
    def room(self) -> int:
        """How many cells of a line are to be seen: what the scrollbar leaves."""
        return self.scrollable_content_region.width

    @property
    def ground(self) -> Style:
        """The widget's own colours."""
        if self._ground is None:
            self._ground = self.rich_style
        return self._ground

    def tone(self, name: str) -> Style:
        """Return the style of a tone: of the text, or of the ground where it is one of those."""
        style = self._tones.get(name)
        if style is None:
            style = self._tones[name] = self._mix_tone(name)
        return style

    def finish(self, segments: list[Segment], width: int, ground: Style | None = None) -> Strip:
        """Return a line of exactly `width` cells over the widget's background, or over `ground`."""
        base = self.ground if ground is None else self.ground + ground
        return Strip(segments).adjust_cell_length(width).apply_style(base)

    def blank(self) -> Strip:
        """Return an empty line."""
        if self._blank is None or self._blank.cell_length != self.size.width:
            self._blank = Strip.blank(self.size.width, self.ground)
        return self._blank

    def set_content(self, rows: int, *, cells: int = 0) -> None:
        """Scroll over so many rows; `virtual_size` by itself would lay the whole screen out anew each time."""
        size = Size(cells, rows)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def forget_painted(self) -> None:
        """Drop painted lines, because what they show changed, and paint anew."""
        self._painted.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Drop everything that colours went into."""
        super().notify_style_update()
        self._tones.clear()
        self._painted.clear()
        self._ground = self._blank = None

    def _mix_tone(self, name: str) -> Style:
        if name == "position" and not self.has_focus:
            name = "position-blur"
        is_bar = name.startswith("bar-")
        hue_name = name.removeprefix("bar-")
        hue = Color.parse(self.app.theme_variables[_VARIABLES.get(hue_name, hue_name)])
        below = self.background_colors[1]
        if is_bar:
            hue = below.blend(hue, _BAR_STRENGTH)
        elif hue.a < 1:
            hue = below + hue
        colour = hue.rich_color
        return Style(bgcolor=colour) if name in _GROUNDS else Style(color=colour)
