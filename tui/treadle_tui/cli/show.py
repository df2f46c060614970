"""`treadle show`: a trace as text, and what failed in it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from rich.text import Text

from treadle.model import KINDS, STATUSES, Score, Step
from treadle.values import plain
from treadle_tui.cli.finding import find_step, find_trace
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.output import RowSet, write_json, write_rows
from treadle_tui.cli.step_text import kept_source, score_text, step_lines
from treadle_tui.cli.table import console_on, print_line
from treadle_tui.cli.times import moment
from treadle_tui.cli.tree_text import PREVIEW, Previews, heading, tree_lines

if TYPE_CHECKING:
    from treadle_storage import Store
    from treadle_storage.tree import Tree

FAILED = [STATUSES.index("error"), STATUSES.index("interrupted")]
MOST_DETAILED = 20
STEP_COLUMNS = (
    "trace_id", "span_id", "parent_span_id", "depth", "name", "kind", "status", "started_at", "duration_ms", "model",
    "input_tokens", "output_tokens", "source", "replayable", "error_type", "error_message", "input", "output",
)  # fmt: skip
STEP_TYPES = tuple("JSON" if name in {"input", "output"} else "VARCHAR" for name in STEP_COLUMNS)


@click.command(
    epilog=examples("treadle show last-failed", "treadle show 7f3a --step 91c2", "treadle show last --format json")
)
@click.argument("trace")
@click.option("--step", metavar="SPAN", help="Show this step in full instead of the failing ones.")
@format_option
@common_options
@pass_settings
def command(settings: Settings, trace: str, step: str | None, output_format: str) -> None:
    """Show a trace: its tree, and what failed in it.

    With --step, that step in full instead.

    TRACE is any unambiguous prefix of an id, last or last-failed. The id of a step works too, and shows that step.
    """
    with settings.open_store() as store:
        found = find_trace(store, trace)
        span_id = found.span_id if step is None else find_step(store, found.trace_id, step)
        if output_format == "table":
            show_trace(store, found.trace_id, span_id=span_id)
        elif output_format == "json":
            _write_document(store, found.trace_id, span_id)
        else:
            _write_steps(store, found.trace_id, span_id, output_format)


def show_trace(store: "Store", trace_id: str, *, span_id: str | None = None) -> None:
    """Print a trace for people; with a span, only that step in full."""
    console = console_on(sys.stdout)
    tree = store.tree(trace_id)
    if span_id is None:
        print_line(console, heading(store.trace(trace_id)))
        for line in tree_lines(tree, Previews(store.column(trace_id, PREVIEW))):
            print_line(console, line, cut=True)
        for line in _trace_scores(store.scores(trace_id)):
            print_line(console, line)
    detailed = [tree.index_of(span_id)] if span_id is not None else failing_rows(tree)
    for row in detailed[:MOST_DETAILED]:
        if span_id is None:
            print_line(console, Text(""))
        for line in step_lines(store, trace_id, tree.hex_id(row)):
            print_line(console, line)
    if len(detailed) > MOST_DETAILED:
        click.echo(
            f"{len(detailed) - MOST_DETAILED} more failing steps: treadle show {trace_id[:8]} --step SPAN", err=True
        )


def failing_rows(tree: "Tree") -> list[int]:
    """Return the steps that failed by themselves: those in error or interrupted that called no such step."""
    failed = np.isin(tree.status, FAILED)
    passed_on = np.zeros(len(tree), dtype=np.bool_)
    inner = np.flatnonzero(failed & (tree.parent >= 0))
    passed_on[tree.parent[inner]] = True
    return [int(row) for row in np.flatnonzero(failed & ~passed_on)]


def _trace_scores(scores: Sequence[Score]) -> list[Text]:
    return [Text(f"score {score_text(score)}", "dim") for score in scores if score.span_id is None]


def _write_document(store: "Store", trace_id: str, span_id: str | None) -> None:
    if span_id is not None:
        write_json(_step_document(store, store.step(trace_id, span_id)))
        return
    summary = asdict(store.trace(trace_id))
    summary["started_at"] = moment(summary.pop("started_at_ns"))
    steps = [dict(zip(STEP_COLUMNS, row, strict=True)) for row in _step_rows(store, trace_id)]
    for step in steps:
        step |= {name: _parsed(step[name]) for name in ("input", "output")}
    write_json(
        {"trace": summary, "scores": [_timed(asdict(score)) for score in store.scores(trace_id)], "steps": steps}
    )


def _step_document(store: "Store", step: Step) -> dict[str, Any]:
    document = _timed(asdict(step))
    for name in ("input", "output"):
        tagged = document.pop(f"{name}_tagged")
        document[name] = None if tagged is None else json.loads(plain(tagged))
    kept = kept_source(store, step)
    document["recorded_source"] = None if kept is None else asdict(kept)
    document["messages"] = [asdict(message) for message in store.messages(step.trace_id, step.span_id)]
    document["events"] = [_timed(asdict(event)) for event in store.events(step.trace_id, step.span_id)]
    return document


def _timed(record: dict[str, Any]) -> dict[str, Any]:
    """Turn nanoseconds into times, under the names that the views have."""
    times = {name: value for name, value in record.items() if name.endswith("at_ns")}
    kept = {name: value for name, value in record.items() if name not in times}
    return kept | {name.removesuffix("_ns"): None if value is None else moment(value) for name, value in times.items()}


def _write_steps(store: "Store", trace_id: str, span_id: str | None, output_format: str) -> None:
    rows = [row for row in _step_rows(store, trace_id) if span_id is None or row[1] == span_id]
    write_rows(RowSet(STEP_COLUMNS, STEP_TYPES, rows), output_format)


def _step_rows(store: "Store", trace_id: str) -> list[tuple[Any, ...]]:
    tree = store.tree(trace_id)
    payloads = [store.column(trace_id, name) for name in STEP_COLUMNS[-4:]]
    return [(*_step_cells(tree, trace_id, row), *(column[row] for column in payloads)) for row in range(len(tree))]


def _step_cells(tree: "Tree", trace_id: str, row: int) -> tuple[Any, ...]:
    parent, model, duration_ns = int(tree.parent[row]), int(tree.model[row]), int(tree.duration_ns[row])
    tokens = [int(counts[row]) for counts in (tree.input_tokens, tree.output_tokens)]
    return (
        trace_id, tree.hex_id(row), tree.hex_id(parent) if parent >= 0 else None, int(tree.depth[row]),
        tree.names[int(tree.name[row])], KINDS[int(tree.kind[row])], STATUSES[int(tree.status[row])],
        moment(int(tree.start_ns[row])), duration_ns / 1e6 if duration_ns >= 0 else None,
        tree.models[model] if model >= 0 else None, *(count if count >= 0 else None for count in tokens),
        ("live", "served", "overridden")[int(tree.source[row])], bool(tree.replayable[row]),
    )  # fmt: skip


def _parsed(text: str | None) -> Any:
    """Return what JSON text holds; a text that was cut is left as it is."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
