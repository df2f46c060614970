"""A sheet over a screen: one page to read, and nothing to do but scroll and close."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.payload_view import PayloadView


class SheetScreen(ModalScreen[None]):
    """One page with a title."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
    ]

    def __init__(self, title: str, blocks: Sequence[Block], *, gutter_cells: int = 14) -> None:
        super().__init__()
        self._title = title
        self._page = page(blocks, gutter_cells=gutter_cells)

    def compose(self) -> ComposeResult:
        """Hold one page."""
        with Vertical(classes="sheet wide"):
            divider = Divider((self._title,))
            divider.heavy, divider.note = True, "esc closes"
            yield divider
            yield PayloadView()

    def on_mount(self) -> None:
        """Fill the page."""
        view = self.query_one(PayloadView)
        view.load(self._page.lines, margins=self._page.margins)
        view.focus()

    def action_scroll(self, lines: int) -> None:
        """Scroll the page by lines."""
        self.query_one(PayloadView).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by what is in sight, but for two lines."""
        self.action_scroll(pages * max(1, self.query_one(PayloadView).size.height - 2))
