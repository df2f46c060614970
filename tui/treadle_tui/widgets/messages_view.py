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
        self._labelled_lines: list[int] = []
        self._after: tuple[Block, ...] = ()

    def show(self, messages: Sequence[Message], *, repeated: int = 0, after: Sequence[Block] = ()) -> None:
        """Show a conversation, then what came of it: an error, or that it still runs."""
        self._messages, self.repeated, self._after = tuple(messages), repeated, tuple(after)
        self.unfolded = False
        self._arrange()
        self._show_answer()

    def toggle_earlier(self) -> None:
        """Open or fold what the call repeats."""
        if self.repeated:
            self.unfolded = not self.unfolded
            self._arrange()

    def on_click(self, event: Click) -> None:
        """Open the folded messages where their line is clicked."""
        if self.repeated and not self.unfolded and self.scroll_offset.y + event.y == 0:
            self.toggle_earlier()

    def _show_answer(self) -> None:
        """Bring the beginning of the answer into sight: that is what one looks for first."""
        answers = sum(message.direction == "output" for message in self._messages)
        blocks = self._labelled_lines
        labelled_after = sum(bool(block.label) for block in self._after)
        if answers and len(blocks) >= answers + labelled_after:
            self.keep_in_upper_part(blocks[-answers - labelled_after])

    def _arrange(self) -> None:
        blocks = conversation(self._messages, repeated=self.repeated, unfolded=self.unfolded)
        laid_out: Page = page([*blocks, *self._after])
        self._labelled_lines = sorted(laid_out.margins.labels)
        self.load(laid_out.lines, margins=laid_out.margins)
