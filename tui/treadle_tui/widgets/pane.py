"""A pane: a divider with its title above one widget; the divider is heavy while the focus is inside."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from treadle_tui.widgets.divider import Divider


class Pane(Vertical):
    """A titled part of the screen."""

    DEFAULT_CSS: ClassVar[str] = "Pane { height: 1fr; } Pane > .body { height: 1fr; }"

    def __init__(
        self,
        titles: Sequence[str],
        *body: Widget,
        number: int | None = None,
        id: str | None = None,  # noqa: A002 - Textual's own name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.divider = Divider(titles, number=number)
        self._body = body

    def compose(self) -> ComposeResult:
        """Put the divider above the body."""
        yield self.divider
        yield from self._body

    def on_descendant_focus(self) -> None:
        """Mark the focus."""
        self.divider.show(heavy=True)

    def on_descendant_blur(self) -> None:
        """Take the mark away."""
        self.divider.show(heavy=False)
