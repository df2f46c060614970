"""`treadle demo`: record the example chain, say what came of it, open the debugger on the failed question."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from treadle.errors import StoreError
from treadle.model import TraceSummary
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings
from treadle_tui.cli.show import show_trace
from treadle_tui.cli.traces import print_summaries
from treadle_tui.example import model_server, record_questions, require_example

if TYPE_CHECKING:
    from treadle_storage import Store

MOST_QUESTIONS = 100


@click.command(epilog=examples("treadle demo", "treadle demo --model scripted"))
@click.option(
    "--model", type=click.Choice(("auto", "smollm2", "scripted")), default="auto", show_default=True,
    help="auto takes the small language model where its weights are installed.",
)  # fmt: skip
@common_options
@pass_settings
def command(settings: Settings, model: str) -> int:
    """Record the example chain and open it.

    A support desk answers five questions with a small language model that runs on this machine: no key, no network.
    One question breaks the chain and one is answered wrongly. The debugger opens on the broken one; without a terminal
    it is printed.
    """
    example = require_example()
    started_ns = time.time_ns()
    with model_server(example, model) as server:
        click.echo(f"recording {example.script} into {settings.store_path}", err=True)
        record_questions(example, server, settings.store_path)
    with settings.open_store() as store:
        recorded = [summary for summary in store.traces(limit=MOST_QUESTIONS) if summary.started_at_ns >= started_ns]
        if not recorded:
            raise StoreError(f"the example recorded nothing into {settings.store_path}")
        failed = _worst(recorded)
        click.echo(f"recorded {len(recorded)} traces, {sum(summary.failed for summary in recorded)} of them failed:")
        print_summaries(recorded)
        if not _has_terminal():
            _tell(store, failed)
            return Ending.DONE
    from treadle_tui import app

    return app.run(settings.store_path, failed.trace_id)


def _worst(recorded: Sequence[TraceSummary]) -> TraceSummary:
    """Return the one that broke, else one that failed, else the newest."""
    broken = [summary for summary in recorded if summary.status == "error"]
    return next(iter([*broken, *(summary for summary in recorded if summary.failed), *recorded]))


def _tell(store: "Store", failed: TraceSummary) -> None:
    click.echo()
    show_trace(store, failed.trace_id)
    click.echo()
    click.echo(f"replay it, answered from the recording:  treadle replay {failed.trace_id[:8]}")


def _has_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
