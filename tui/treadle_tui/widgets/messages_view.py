"""A model call, read like a conversation; what it repeats from the call before folds to one line."""

from collections.abc import Sequence

from textual.events import Click

from treadle.model import Message
from treadle_tui.conversation import conversation
from treadle_tui.widgets.blocks import Block, Page, page
from treadle_tui.widgets.payload_view import PayloadView


class MessagesView(PayloadView):
    """The messages of one step."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's own
        super().__init__(id=id, classes=classes)
        self.repeated = 0
        self.unfolded = False
        self._messages: tuple[Message, ...] = ()
        self._after: tuple[Block, ...] = ()

    def show(self, messages: Sequence[Message], *, repeated: int = 0, after: Sequence[Block] = ()) -> None:
        """Show a conversation, then what came of it: an error, or that it still runs."""
        self._messages, self.repeated, self._after = tuple(messages), repeated, tuple(after)
        self.unfolded = False
        self._arrange()

    def toggle_earlier(self) -> None:
        """Open or fold what the call repeats."""
        if self.repeated:
            self.unfolded = not self.unfolded
            self._arrange()

    def on_click(self, event: Click) -> None:
        """Open the folded messages where their line is clicked."""
        if self.repeated and not self.unfolded and self.scroll_offset.y + event.y == 0:
            self.toggle_earlier()

    def _arrange(self) -> None:
        blocks = conversation(self._messages, repeated=self.repeated, unfolded=self.unfolded)
        laid_out: Page = page([*blocks, *self._after])
        self.load(laid_out.lines, margins=laid_out.margins)
