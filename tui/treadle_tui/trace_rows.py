"""Traces as rows of the list, and what is shown of the one under the cursor."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from treadle.model import TraceSummary
from treadle_tui import figures
from treadle_tui.widgets import marks
from treadle_tui.widgets.blocks import Block, Page, page
from treadle_tui.widgets.lazy_table import Cell, Column, TableRow

FAILED_CONDITION: Final = "failed"
COLUMNS: Final = (
    Column("", 1),
    Column("when", 6, align="right"),
    Column("trace", 8),
    Column("name", 14, share=1),
    Column("input", 0, share=4, from_width=70),
    Column("took", 7, align="right"),
    Column("steps", 6, align="right"),
    Column("errors", 6, align="right", from_width=90),
    Column("llm", 5, align="right", from_width=110),
    Column("tokens", 9, align="right", from_width=100),
    Column("cost", 8, align="right", from_width=120),
)


def trace_row(summary: TraceSummary, now_ns: int) -> TableRow:
    """Return a trace's row."""
    return TableRow(summary.trace_id, _cells(summary, now_ns), summary)


def preview(summary: TraceSummary) -> tuple[Page, Page]:
    """Return pages of what the trace took and gave, as far as its summary says."""
    given = "failed" if summary.status == "error" else "returned"
    return _side("", summary.input), _side(given if summary.failed else "", summary.output)


def short_path(path: Path) -> str:
    """Return a path from here, or from home, where that is shorter."""
    whole = path.absolute()
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` raises where there is none
    for base, sign in ((Path.cwd(), ""), (home, "~/")):
        if whole.is_relative_to(base):
            return sign + str(whole.relative_to(base))
    return str(whole)


def _cells(summary: TraceSummary, now_ns: int) -> tuple[Cell, ...]:
    failed = summary.failed and summary.status == "ok"
    glyph = "✗" if failed else marks.STATUS_GLYPHS.get(summary.status, "?")
    glyph_tone = "alarm" if failed else marks.STATUS_TONES.get(summary.status, "dim")
    took = "…" if summary.duration_ms is None else figures.duration_text(int(summary.duration_ms * 1e6))
    tokens = (summary.input_tokens or 0) + (summary.output_tokens or 0)
    name = f"↻ {summary.name}" if summary.replay_of else summary.name
    return (
        (glyph, glyph_tone),
        (when(summary.started_at_ns, now_ns), "dim"),
        (summary.trace_id[:8], "dim"),
        (name, "alarm" if summary.failed else "normal"),
        (one_line(summary.input), "dim"),
        (took, "dim"),
        (figures.count(summary.span_count), "dim"),
        (figures.count(summary.error_count) if summary.error_count else "", "alarm"),
        (figures.count(summary.llm_calls) if summary.llm_calls else "", "dim"),
        (figures.count(tokens) if tokens else "", "dim"),
        (figures.money(summary.cost_usd) if summary.cost_usd else "", "dim"),
    )


def when(started_at_ns: int, now_ns: int) -> str:
    """Return how long ago it was within a week, else the day."""
    if now_ns - started_at_ns < 7 * 86_400 * 1_000_000_000:
        return figures.ago(now_ns - started_at_ns)
    return datetime.fromtimestamp(started_at_ns / 1e9, UTC).astimezone().strftime("%d %b")[:6]


def one_line(text: str | None) -> str:
    """Return what an input says in one line: the values alone, where it is an object of a few."""
    if not text:
        return ""
    try:
        value = json.loads(text)
    except ValueError:
        return " ".join(text.split())
    if isinstance(value, dict):
        shown = [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in value.values()]
        return " ".join(", ".join(shown).split())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _side(label: str, text: str | None) -> Page:
    if not text:
        return page([Block("nothing was recorded", tone="faint")])
    try:
        value = json.loads(text)
    except ValueError:
        return page([Block(text, label, language="json" if text[:1] in "{[" else None)])
    if isinstance(value, str):
        return page([Block(value, label)])
    if isinstance(value, dict) and value and all(isinstance(item, str) for item in value.values()):
        return page([Block(item or '""', name, "syntax-key", gap=False) for name, item in value.items()])
    return page([Block(json.dumps(value, indent=2, ensure_ascii=False), label, language="json")])
