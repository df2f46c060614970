"""A pane with tabs that shows one step: a line of facts, and the text of the tab."""

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.worker import get_current_worker

from treadle_tui.facts import facts, source_facts
from treadle_tui.inspection import Inspection
from treadle_tui.step_pages import Content, content, is_large, outcome
from treadle_tui.widgets.divider import Divider
from treadle_tui.widgets.messages_view import MessagesView
from treadle_tui.widgets.pane import Pane
from treadle_tui.widgets.parts_line import PartsLine


class Detail(Pane):
    """Tabs over one step."""

    DEFAULT_CSS: ClassVar[str] = "Detail > MessagesView { height: 1fr; } Detail > PartsLine { padding: 0 1; }"

    class Built(Message):
        """A large text is ready."""

        def __init__(self, detail: "Detail", made: Content, made_for: tuple[str, str, bool]) -> None:
            super().__init__()
            self.detail, self.made, self.made_for = detail, made, made_for

        @property
        def control(self) -> "Detail":
            """The pane that asked."""
            return self.detail

    def __init__(
        self,
        tabs: Sequence[str],
        *,
        number: int,
        id: str,  # noqa: A002 - Textual's own name
        with_facts: bool = False,
        classes: str = "",
    ) -> None:
        super().__init__(tabs, number=number, id=id, classes=classes)
        self.tabs = tuple(tabs)
        self.raw = False
        self.inspection: Inspection | None = None
        self.view = MessagesView(classes="body")
        self._facts = PartsLine() if with_facts else None
        self._shown: tuple[str, str, bool] | None = None

    def compose(self) -> ComposeResult:
        """Put the facts between the tabs and the text."""
        yield self.divider
        if self._facts is not None:
            yield self._facts
        yield self.view

    @property
    def tab(self) -> str:
        """The title of the tab that is shown."""
        return self.tabs[self.divider.active]

    @property
    def _has_output_beside(self) -> bool:
        """Whether another pane shows what came of the step."""
        return "Messages" in self.tabs and "Output" not in self.tabs

    def show(self, inspection: Inspection) -> None:
        """Show a step in the tab that is open."""
        self.inspection = inspection
        self._fill()

    def set_tabs(self, tabs: Sequence[str]) -> None:
        """Have other tabs; the open one stays open where it is among them."""
        if self.tabs == tuple(tabs):
            return
        active = tabs.index(self.tab) if self.tab in tabs else 0
        self.tabs = tuple(tabs)
        self.divider.show(titles=self.tabs, active=active)
        self._fill()

    def open_tab(self, number: int) -> None:
        """Open a tab, counted round."""
        self.divider.show(active=number % len(self.tabs))
        self._fill()

    def toggle_raw(self) -> None:
        """Show payloads as they are, or readable."""
        self.raw = not self.raw
        self._fill()

    def on_resize(self) -> None:
        """Fill what was out of sight."""
        if self.inspection is not None and self._shown != self._wanted():
            self.call_after_refresh(self._fill)

    def on_divider_tab_clicked(self, message: Divider.TabClicked) -> None:
        """Open the clicked tab."""
        message.stop()
        self.open_tab(message.number)
        self.view.focus()

    def on_detail_built(self, message: Built) -> None:
        """Show a large text, unless another is wanted by now."""
        message.stop()
        if self._wanted() == message.made_for:
            self._load(message.made)

    def _wanted(self) -> tuple[str, str, bool]:
        assert self.inspection is not None
        return self.inspection.step.span_id, self.tab, self.raw

    def _fill(self) -> None:
        inspection = self.inspection
        if inspection is None or not self.view.size.height:
            return
        wanted = self._wanted()
        again, scroll = wanted == self._shown, self.view.scroll_offset.y
        self._shown = wanted
        if is_large(inspection.step):
            self._build(inspection, wanted)
        elif self.tab == "Messages" and inspection.messages and not self.raw:
            after = () if self._has_output_beside else outcome(inspection)
            self.view.show(inspection.messages, repeated=inspection.repeated, after=after)
        elif self.tab == "Messages" and self._has_output_beside and not self.raw:
            self._load(content("Input", inspection, raw=False))
        else:
            self._load(content(self.tab, inspection, raw=self.raw))
        self._note(inspection)
        if again:
            self.view.scroll_to(y=scroll, animate=False, force=True)

    def _note(self, inspection: Inspection) -> None:
        source = inspection.source if self.tab == "Source" else None
        if self._facts is not None:
            self._facts.show(facts(inspection.step) if source is None else source_facts(source))
        note = "json" if self.raw and self.tab in {"Messages", "Input", "Output"} else ""
        if source is not None and self._facts is None:
            note = " · ".join(part for part in (source.note, source.name) if part)
        self.divider.show(note=note)

    def _load(self, made: Content) -> None:
        self.view.repeated = 0
        self.view.load(made.lines, margins=made.margins, language=made.language, wrap=made.wrap)
        if made.line:
            self.view.go_to_top_line(made.line)

    @work(thread=True, exclusive=True)
    def _build(self, inspection: Inspection, wanted: tuple[str, str, bool]) -> None:
        made = content(wanted[1], inspection, raw=wanted[2])
        if not get_current_worker().is_cancelled:
            self.post_message(self.Built(self, made, wanted))
