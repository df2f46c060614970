"""`treadle ui`: the debugger in the terminal."""

import sys

import click

from treadle.errors import UsageError
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings


@click.command(epilog=examples("treadle ui", "treadle ui last-failed", "treadle 7f3a"))
@click.argument("trace", required=False)
@common_options
@pass_settings
def command(settings: Settings, trace: str | None = None) -> int:
    """Open the debugger.

    On the list of traces, or on TRACE.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("the debugger needs a terminal: treadle traces, show, diff and sql do without one")
    from treadle_tui import app

    return app.run(settings.store_path, trace)
