"""What a replay showed, and what to do next: open the new trace, see what differs, allow what strayed, run it again."""

from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.parts_line import PartsLine
from treadle_tui.widgets.payload_view import PayloadView

Next: TypeAlias = Literal["open", "diff", "allow", "allow all", "again"]
_KEYS: dict[Next, tuple[str, str]] = {
    "open": ("↵", "open"),
    "diff": ("d", "diff"),
    "allow": ("a", "allow these live"),
    "allow all": ("A", "all that change"),
    "again": ("r", "again"),
}


class VerdictScreen(ModalScreen[Next | None]):
    """A replay's result; it answers with what to do next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o", "go_on('open')", "Open the new trace", show=False),
        Binding("d,equals_sign", "go_on('diff')", "What differs from the recording", show=False),
        Binding("a", "go_on('allow')", "Allow these calls live, and replay again", show=False),
        Binding("A", "go_on('allow all')", "Allow all changed and new calls live", show=False),
        Binding("r", "go_on('again')", "Replay again", show=False),
        Binding("escape,q", "close", "Close", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
    ]

    def __init__(self, title: str, blocks: Sequence[Block], *, can: Sequence[Next]) -> None:
        super().__init__()
        self._title = title
        self._blocks = blocks
        self._can = can

    def compose(self) -> ComposeResult:
        """Hold one page, and the keys below it."""
        with Vertical(classes="sheet keyed"):
            divider = Divider((self._title,))
            divider.heavy = True
            yield divider
            yield PayloadView()
            yield PartsLine()

    def on_mount(self) -> None:
        """Fill the page."""
        laid_out = page(self._blocks, gutter_cells=15)
        view = self.query_one(PayloadView)
        view.load(laid_out.lines, margins=laid_out.margins)
        view.focus()
        keys = [_KEYS[step] for step in _KEYS if step in self._can]
        parts = [
            part for key, word in (*keys, ("esc", "close")) for part in ((f"  {key}", "accent"), (f" {word}", "dim"))
        ]
        self.query_one(PartsLine).show(parts)

    def action_go_on(self, step: Next) -> None:
        """Answer with what to do, where it can be done."""
        if step in self._can:
            self.dismiss(step)

    def action_close(self) -> None:
        """Answer with nothing."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one(PayloadView).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by what is in sight, but for two lines."""
        self.action_scroll(pages * max(1, self.query_one(PayloadView).size.height - 2))
