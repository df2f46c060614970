"""Ask before something real happens."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.payload_view import PayloadView


class ConfirmScreen(ModalScreen[bool]):
    """One question, answered by y or n."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape,q", "answer(False)", "No", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """Hold the question."""
        with Vertical(classes="sheet"):
            divider = Divider((self._title,))
            divider.heavy, divider.note = True, "y yes · n no"
            yield divider
            yield PayloadView()

    def on_mount(self) -> None:
        """Fill it in."""
        laid_out = page([Block(self._text)])
        self.query_one(PayloadView).load(laid_out.lines, margins=laid_out.margins)

    def action_answer(self, answer: bool) -> None:
        """Answer."""
        self.dismiss(answer)
