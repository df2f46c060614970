"""`treadle stats`: a store in numbers."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from treadle_tui import figures
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings
from treadle_tui.cli.output import write_json
from treadle_tui.cli.table import write_table

if TYPE_CHECKING:
    from treadle_storage.overview import Overview

ENOUGH_STEPS = 1_000
"""From so many on it means something what one of them takes."""
_SHOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "input_tokens": ("tokens in", figures.count), "output_tokens": ("out", figures.count),
    "cost_usd": ("cost", figures.money), "p50_ms": ("p50", lambda ms: figures.duration_text(int(ms * 1e6))),
    "p95_ms": ("p95", lambda ms: figures.duration_text(int(ms * 1e6))),
    "sum_ms": ("in all", lambda ms: figures.duration_text(int(ms * 1e6))),
    "traces": ("traces", figures.count), "steps": ("steps", figures.count), "calls": ("calls", figures.count),
    "failed": ("failed", figures.count), "errors": ("errors", figures.count),
}  # fmt: skip
"""Of each column that is a number its heading, and how people read it."""


@click.command(epilog=examples("treadle stats", "treadle stats --most 30", "treadle stats --format json"))
@click.option(
    "--most", type=click.IntRange(min=1), default=10, show_default=True, help="Days, models and steps at most."
)
@click.option("--format", "output_format", type=click.Choice(("table", "json")), default="table", show_default=True)
@common_options
@pass_settings
def command(settings: Settings, most: int, output_format: str) -> None:
    """Say what the store holds, day by day and model by model, and what it takes on disk."""
    from treadle_storage.overview import overview

    with settings.open_store() as store:
        found = overview(store, most=most)
    if output_format == "json":
        write_json(_document(found))
        return
    click.echo(
        f"traces {figures.count(found.traces)}, steps {figures.count(found.steps)}, of them running {found.open_steps}"
    )
    sizes = found.sizes
    each = f" ({found.step_bytes:.0f} bytes a step)" if found.step_bytes and found.steps >= ENOUGH_STEPS else ""
    click.echo(
        f"index {figures.size(sizes.index_bytes)}{each}, journals {figures.size(sizes.journal_bytes)}, "
        f"large values {figures.size(sizes.blob_bytes)}"
    )
    for columns, rows in (found.days, found.models, found.names):
        if rows:
            click.echo()
            _print(columns, rows)


def _print(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    headings = [_SHOWN[name][0] if name in _SHOWN else name for name in columns]
    types = ["DOUBLE" if name in _SHOWN else "VARCHAR" for name in columns]
    write_table(
        headings, types, [[_cell(*each) for each in zip(columns, row, strict=True)] for row in rows], sys.stdout
    )


def _cell(name: str, value: Any) -> str:
    if value is None or (name not in ("traces", "steps", "calls") and value == 0):
        return ""
    return _SHOWN[name][1](value) if name in _SHOWN else str(value)


def _document(found: "Overview") -> dict[str, Any]:
    tables = {"days": found.days, "models": found.models, "steps": found.names}
    return {
        "traces": found.traces, "steps_total": found.steps, "running": found.open_steps,
        "index_bytes": found.sizes.index_bytes, "journal_bytes": found.sizes.journal_bytes,
        "blob_bytes": found.sizes.blob_bytes, "step_bytes": found.step_bytes,
        **{what: [dict(zip(columns, row, strict=True)) for row in rows] for what, (columns, rows) in tables.items()},
    }  # fmt: skip
