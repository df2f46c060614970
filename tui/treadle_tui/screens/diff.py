"""Two traces as a diff: side by side on a wide screen, else under each other."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.worker import get_current_worker

from treadle.errors import TreadleError
from treadle_tui.diff_page import Compared, compare, diff_columns, diff_page
from treadle_tui.screens.line_screen import WIDE_CELLS
from treadle_tui.widgets.blocks import Block, Page, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.payload_view import PayloadView

if TYPE_CHECKING:
    from treadle_storage import Store

_GUTTER_CELLS = 5


class DiffScreen(ModalScreen[None]):
    """What differs between two traces."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
    ]

    class Ready(Message):
        """They are compared, or could not be."""

        def __init__(self, found: Compared | TreadleError) -> None:
            super().__init__()
            self.found = found

    def __init__(self, store: "Store", before: str, after: str, *, step_id: str | None = None) -> None:
        """Compare two traces; with a step, what is below it with the whole other one."""
        super().__init__()
        self._store = store
        self._ids = (before, after)
        self._step_id = step_id
        self._compared: Compared | None = None
        self._views = (PayloadView(), PayloadView(id="after"))

    def compose(self) -> ComposeResult:
        """Hold both sides; the second is out of sight where there is no room."""
        with Vertical(classes="sheet diff"):
            divider = Divider((f"Diff · {self._ids[0][:8]} → {self._ids[1][:8]}",))
            divider.heavy, divider.note = True, "esc closes"
            yield divider
            with Horizontal():
                yield from self._views

    def on_mount(self) -> None:
        """Compare in a thread."""
        left, right = self._views
        self._load(left, page([Block("comparing …", tone="dim")]))
        left.focus()
        for view, other in ((left, right), (right, left)):
            self.watch(view, "scroll_y", partial(self._follow, other), init=False)
        self.run_worker(self._compare, thread=True)

    def on_resize(self, event: events.Resize) -> None:
        """Go beside each other, or under each other."""
        self.set_class(event.size.width >= WIDE_CELLS, "-beside")
        self.call_after_refresh(self._fill)

    def on_diff_screen_ready(self, message: Ready) -> None:
        """Show what came."""
        if isinstance(message.found, Compared):
            self._compared = message.found
            self._fill()
        else:
            self._load(self._views[0], page([Block(str(message.found), "✗", "alarm", "alarm")]))

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self._views[0].scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by what is in sight, but for two lines."""
        self.action_scroll(pages * max(1, self._views[0].size.height - 2))

    def _compare(self) -> None:
        try:
            found: Compared | TreadleError = compare(self._store, *self._ids, step_id=self._step_id)
        except TreadleError as error:
            found = error
        if not get_current_worker().is_cancelled:
            self.post_message(self.Ready(found))

    def _fill(self) -> None:
        if self._compared is None:
            return
        is_beside = self.has_class("-beside")
        room = self._views[0].room - _GUTTER_CELLS
        pages = diff_columns(self._compared, width=max(20, room)) if is_beside else (diff_page(self._compared), [])
        for view, blocks in zip(self._views, pages, strict=True):
            laid_out = page(blocks, gutter_cells=_GUTTER_CELLS, longest_cells=room if is_beside else 100)
            self._load(view, laid_out)

    def _load(self, view: PayloadView, laid_out: Page) -> None:
        view.load(laid_out.lines, margins=laid_out.margins)
        view.refresh(layout=True)  # the sheet is as high as its text, which has come after it

    def _follow(self, other: PayloadView, scroll_y: float) -> None:
        if other.display and round(other.scroll_y) != round(scroll_y):
            other.scroll_to(y=scroll_y, animate=False, force=True)
