"""A trace as text: one line a step, indented under its caller."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from treadle.model import KINDS, STATUSES, TraceSummary
from treadle_debugger.orders import tree_order
from treadle_tui import figures
from treadle_tui.cli.controls import visible
from treadle_tui.cli.times import local_time
from treadle_tui.cli.traces import state_word
from treadle_tui.widgets.marks import KIND_TAGS, STATUS_GLYPHS

if TYPE_CHECKING:
    from treadle_storage.tree import Tree

SHOWN_ID = 8
MOST_NAME_CELLS = 48
PREVIEW_CELLS = 100
PREVIEW = """left(case
  when status = 'error' then concat_ws(': ', error_type, error_message)
  else coalesce(output->>'$.choices[0].message.content', output->>'$')
end, 200)"""
"""What a step came to, as an expression over its columns: a model's words, an error, else the output as it is."""
ALARMING = ("error", "interrupted")


@dataclass(frozen=True, slots=True)
class Previews:
    """The beginning of each step's output, in the tree's order; none where they were not asked for."""

    texts: Sequence[str | None]

    def of(self, row: int) -> str:
        """Return a step's output on one line."""
        text = self.texts[row] if self.texts else None
        if not text:
            return ""
        shown = visible(" ".join(text.split()), lines=False)
        return shown if cell_len(shown) <= PREVIEW_CELLS else set_cell_size(shown, PREVIEW_CELLS - 1) + "…"


def heading(summary: TraceSummary) -> Text:
    """Return the line above the tree: which trace, how it ended, how large it is."""
    facts = [
        state_word(summary),
        "" if summary.duration_ms is None else figures.duration_text(int(summary.duration_ms * 1e6)),
        _plural(summary.span_count, "step"),
        _plural(summary.error_count, "error") if summary.error_count else "",
        _tokens(summary.input_tokens or -1, summary.output_tokens or -1),
        figures.money(summary.cost_usd) if summary.cost_usd else "",
        local_time(summary.started_at_ns),
        f"replay of {summary.replay_of[:SHOWN_ID]}" if summary.replay_of else "",
    ]
    line = Text(f"{summary.trace_id}  ", "bold")
    line.append(visible(summary.name, lines=False))
    return line.append("  " + "  ".join(fact for fact in facts if fact), "red" if summary.failed else "dim")


def tree_lines(tree: "Tree", previews: Previews) -> Iterator[Text]:
    """Yield a line for each step, callers before what they called."""
    order = tree_order(tree.parent, tree.depth)
    labels = [_label(tree, int(row)) for row in order.steps]
    width = min(max(map(cell_len, labels), default=0), MOST_NAME_CELLS)
    for row, label in zip(order.steps, labels, strict=True):
        yield _line(tree, int(row), label.ljust(width - cell_len(label) + len(label)), previews.of(int(row)))


def _label(tree: "Tree", row: int) -> str:
    kind = KIND_TAGS[KINDS[int(tree.kind[row])]]
    return f"{'  ' * int(tree.depth[row])}{kind} {visible(tree.names[int(tree.name[row])], lines=False)}"


def _line(tree: "Tree", row: int, label: str, preview: str) -> Text:
    status = STATUSES[int(tree.status[row])]
    alarm = "red" if status in ALARMING else ""
    line = Text(f"{STATUS_GLYPHS[status]} ", alarm)
    line.append(label, alarm)
    took = "" if status == "interrupted" else figures.duration_text(int(tree.duration_ns[row]))
    line.append(f"  {took:>7}")
    line.append(f"  {tree.hex_id(row)[:SHOWN_ID]}", "dim")
    model = int(tree.model[row])
    notes = [
        "" if status == "ok" else status,
        tree.models[model] if model >= 0 else "",
        _tokens(int(tree.input_tokens[row]), int(tree.output_tokens[row])),
        ("", "served", "overridden")[int(tree.source[row])],
    ]
    told = "  ".join(note for note in notes if note)
    line.append(f"  {told}" if told else "", alarm or "dim")
    return line.append(f"  → {preview}" if preview else "", "dim")


def _tokens(input_tokens: int, output_tokens: int) -> str:
    if input_tokens < 0 and output_tokens < 0:
        return ""
    return f"{figures.count(max(input_tokens, 0))} → {figures.count(max(output_tokens, 0))} tok"


def _plural(count: int, noun: str) -> str:
    return f"{figures.count(count)} {noun}" if count == 1 else f"{figures.count(count)} {noun}s"
