"""The Traces screen: what was recorded, the newest first, and what is being recorded as it comes."""

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical

from treadle.errors import UsageError
from treadle.model import TraceSummary
from treadle_tui import figures, keys
from treadle_tui.clipboard import copy
from treadle_tui.messages import OpenTrace
from treadle_tui.replay_words import understand_replay
from treadle_tui.replays import whole_chain
from treadle_tui.screens.replaying_screen import ReplayingScreen
from treadle_tui.trace_rows import COLUMNS, FAILED_CONDITION, preview, short_path, trace_row
from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.command_line import Prompt
from treadle_tui.widgets.lazy_table import LazyTable, TableRow
from treadle_tui.widgets.pane import Pane
from treadle_tui.widgets.parts_line import PartsLine
from treadle_tui.widgets.payload_view import PayloadView

if TYPE_CHECKING:
    from treadle_storage import Store

_NEWEST = 50
_AGES_S = 5.0


class TracesScreen(ReplayingScreen):
    """The list of traces."""

    KEYS = keys.TRACES
    HINTS_NAME = "traces"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings(keys.TRACES)]

    def __init__(self, store: "Store") -> None:
        super().__init__(store)
        self.table = LazyTable(COLUMNS, id="traces")
        self.only_failed = False
        self._status = PartsLine(id="status")
        self._empty = PayloadView(id="empty", classes="body")
        self._previews = (
            PayloadView(id="preview-input", classes="body"),
            PayloadView(id="preview-output", classes="body"),
        )

    def compose_parts(self) -> ComposeResult:
        """Put the list above what the trace under the cursor took and gave."""
        yield self._status
        with Vertical(id="lists"):
            yield Pane(("Traces",), self.table, self._empty, number=1, id="traces-pane")
            with Horizontal(id="previews"):
                yield Pane(("Input",), self._previews[0], number=2, id="preview-pane")
                yield Pane(("Output",), self._previews[1], number=3)

    def on_mount(self) -> None:
        """Fetch the first page."""
        super().on_mount()
        self._show_status("")
        self.table.focus()
        self.table.start(self._fetch)
        self.set_interval(_AGES_S, self.store_changed)

    def on_screen_resume(self) -> None:
        """Show what came while another screen was in sight."""
        if self.table.rows:
            self.store_changed()

    def store_changed(self) -> None:
        """Put the newest on top."""
        self.run_job(self._newest, self._came, group="newest")

    def _fetch(self, after: TableRow | None, limit: int) -> Sequence[TableRow]:
        before = after.item if after is not None and isinstance(after.item, TraceSummary) else None
        return self._rows(self.store.traces(limit=limit, before=before, where=self._where()))

    def _newest(self) -> Sequence[TableRow]:
        return self._rows(self.store.traces(limit=_NEWEST, where=self._where()))

    def _where(self) -> str | None:
        return FAILED_CONDITION if self.only_failed else None

    def _rows(self, summaries: Sequence[TraceSummary]) -> list[TableRow]:
        now_ns = time.time_ns()
        return [trace_row(summary, now_ns) for summary in summaries]

    def _came(self, rows: Sequence[TableRow]) -> None:
        self.table.put_on_top(rows)
        self._show_emptiness()

    def on_lazy_table_loaded(self) -> None:
        """Show what to do next where there is nothing."""
        self.call_later(self._show_emptiness)

    def on_lazy_table_failed(self, message: LazyTable.Failed) -> None:
        """Say why there is no list."""
        self.say(str(message.error), alarm=True)

    def _show_emptiness(self) -> None:
        empty = not self.table.rows
        self.set_class(empty, "-empty")
        if empty:
            laid_out = page(_nothing_yet(short_path(self.store.path), only_failed=self.only_failed))
            self._empty.load(laid_out.lines, margins=laid_out.margins)
        more = "" if self.table.complete else "+"
        self._show_status(f"{figures.count(len(self.table.rows))}{more}")

    def _show_status(self, count: str) -> None:
        left = [(" treadle  ", "accent!"), (short_path(self.store.path), "dim")]
        if self.only_failed:
            left.append(("  only failed", "alarm"))
        self._status.show(left, [(count, "normal"), (" trace" if count == "1" else " traces", "dim")] if count else [])

    def on_lazy_table_highlighted(self, message: LazyTable.Highlighted) -> None:
        """Show what the trace under the cursor took and gave."""
        summary = message.row.item
        if isinstance(summary, TraceSummary):
            for view, laid_out in zip(self._previews, preview(summary), strict=True):
                view.load(laid_out.lines, margins=laid_out.margins)
            note = f"replay of {summary.replay_of[:8]}" if summary.replay_of else ""
            self.query_one("#preview-pane", Pane).divider.show(note=note)

    def on_lazy_table_chosen(self, message: LazyTable.Chosen) -> None:
        """Open the chosen trace."""
        self.post_message(OpenTrace(message.row.key))

    # Actions

    def action_open(self) -> None:
        """Open the trace under the cursor."""
        row = self.table.cursor_row
        if row is not None:
            self.post_message(OpenTrace(row.key))

    def action_line(self, direction: int) -> None:
        """Go to the next or previous trace."""
        if isinstance(self.focused, PayloadView):
            self.focused.scroll_relative(y=direction, animate=False)
        else:
            self.table.move_cursor(self.table.cursor + direction)

    def action_page(self, direction: int) -> None:
        """Go a page on or back."""
        self.table.move_cursor(self.table.cursor + direction * max(1, self.table.size.height - 2))

    def action_end(self, direction: int) -> None:
        """Go to the newest, or to the oldest that is loaded."""
        self.table.move_cursor(0 if direction < 0 else len(self.table.rows) - 1)

    def action_toggle_failed(self) -> None:
        """Show only what failed, or all."""
        self.only_failed = not self.only_failed
        self._show_status("")
        self.table.start(self._fetch)

    def action_copy(self) -> None:
        """Copy the trace's id."""
        row = self.table.cursor_row
        if row is not None:
            to_terminal = partial(self.app.call_from_thread, self.app.copy_to_clipboard)
            self.run_job(partial(copy, row.key, to_terminal=to_terminal), self.say, group="copy")

    def action_replay(self) -> None:
        """Replay the trace under the cursor."""
        row = self.table.cursor_row
        if row is not None:
            self.replay(whole_chain(row.key))

    def typed(self, prompt: Prompt, text: str) -> None:  # noqa: ARG002 - one signature for all screens
        """Open a trace by its name, or do one of the few commands of this screen."""
        word, _, rest = text.partition(" ")
        if word in {"q", "quit", "exit"}:
            self.app.exit()
        elif word == "replay":
            self._replay_with(rest)
        elif word in {"help", "failed"}:
            self.call_later(self.run_action, {"failed": "toggle_failed"}.get(word, word))
        else:
            name = text.rsplit(maxsplit=1)[-1]
            self.run_job(partial(self.store.resolve, name), lambda found: self._open(found.trace_id), group="open")

    def _replay_with(self, options: str) -> None:
        row = self.table.cursor_row
        if row is None:
            return
        try:
            wanted = understand_replay(options, row.key, None)
        except UsageError as error:
            self.say(str(error), alarm=True)
        else:
            self.replay(wanted)

    def _open(self, trace_id: str) -> None:
        self.post_message(OpenTrace(trace_id))


def _nothing_yet(store: str, *, only_failed: bool) -> list[Block]:
    if only_failed:
        return [Block("Nothing failed.", tone="strong"), Block("f shows all traces again.", tone="dim")]
    return [
        Block("No traces yet.", tone="strong"),
        Block(f"They are looked for in {store}", tone="dim", gap=False),
        Block("Record one, in another terminal:", tone="normal"),
        Block("treadle demo            a chain of models that comes with Treadle", tone="dim", indent=2),
        Block("treadle run app.py      your own program, every call recorded", tone="dim", indent=2, gap=False),
        Block("It shows up here by itself.", tone="normal"),
    ]
