"""`treadle traces`: what was recorded, the newest first."""

import time
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import click

from treadle.model import TraceSummary
from treadle_tui import figures
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.times import moment, short_time

SHOWN_ID = 8
HEADINGS = ("trace", "started", "", "state", "name", "took", "steps", "errors", "tokens", "cost")
HEADING_TYPES = ("VARCHAR",) * 5 + ("DOUBLE", "INTEGER", "INTEGER", "INTEGER", "DOUBLE")


@click.command(epilog=examples("treadle traces", 'treadle traces --where "failed = true" --limit 20 --format json'))
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.option(
    "--where", metavar="X", help="Only those that fit: a glob on the name, or SQL such as duration_ms > 1000."
)
@format_option
@common_options
@pass_settings
def command(settings: Settings, limit: int, where: str | None, output_format: str) -> None:
    """List what was recorded, the newest first."""
    with settings.open_store() as store:
        summaries = store.traces(limit=limit, where=where)
    if output_format == "table" and summaries:
        print_summaries(summaries)
    elif output_format != "table":
        names = [_data_name(field.name) for field in fields(TraceSummary)]
        rows = ([_data(name, getattr(summary, field.name)) for name, field in _columns()] for summary in summaries)
        write_rows(RowSet(names, ["VARCHAR"] * len(names), rows), output_format)
    if not summaries:
        click.echo(_nothing(settings, where), err=True)


def print_summaries(summaries: Sequence[TraceSummary]) -> None:
    """Print traces for people, a line each."""
    write_rows(RowSet(HEADINGS, HEADING_TYPES, map(_for_people, summaries)), "table")


def _nothing(settings: Settings, where: str | None) -> str:
    if where is not None:
        return f"no trace in {settings.store_path} fits {where}"
    return f"nothing is recorded in {settings.store_path} yet: try treadle demo, or treadle run app.py"


def _for_people(summary: TraceSummary) -> tuple[Any, ...]:
    tokens = (summary.input_tokens or 0) + (summary.output_tokens or 0)
    return (
        summary.trace_id[:SHOWN_ID],
        short_time(summary.started_at_ns),
        figures.ago(time.time_ns() - summary.started_at_ns),
        state_word(summary),
        summary.name if summary.replay_of is None else f"{summary.name} (replay of {summary.replay_of[:SHOWN_ID]})",
        "" if summary.duration_ms is None else figures.duration_text(int(summary.duration_ms * 1e6)),
        figures.count(summary.span_count),
        figures.count(summary.error_count) if summary.error_count else "",
        figures.count(tokens) if tokens else "",
        figures.money(summary.cost_usd) if summary.cost_usd else "",
    )


def state_word(summary: TraceSummary) -> str:
    """Return a trace's state in a word; one that ended well and has a failing score has failed."""
    if summary.failed:
        return "✗ failed"
    return {"ok": "✓ ok", "running": "◌ running", "interrupted": "⊘ interrupted"}.get(summary.status, summary.status)


def _columns() -> list[tuple[str, Any]]:
    return [(_data_name(field.name), field) for field in fields(TraceSummary)]


def _data_name(name: str) -> str:
    """Return the name that the column has in the view `traces`."""
    return "started_at" if name == "started_at_ns" else name


def _data(name: str, value: Any) -> Any:
    return moment(value) if name == "started_at" else value
