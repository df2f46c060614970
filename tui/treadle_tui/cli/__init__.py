"""The commands: each in a file of its own, imported when it is used.

A command parses, calls one function of the layers below, prints. Data goes to stdout, talk to stderr; `endings.py` has
the exit codes. `treadle` alone opens the debugger, and so does `treadle TRACE`.
"""

import sys
from collections.abc import Sequence

import click

from treadle_tui.cli.endings import run_to_the_end
from treadle_tui.cli.lazy import LazyGroup
from treadle_tui.cli.options import Settings, common_options, examples, version_of

COMMANDS = {
    "demo": "Record the example chain and open it.",
    "run": "Run a program with every known client recorded.",
    "ui": "Open the debugger.",
    "traces": "List what was recorded, the newest first.",
    "show": "Show a trace: its tree, and what failed in it.",
    "diff": "Compare two traces, or two steps.",
    "search": "Find a text in everything that was recorded.",
    "sql": "Ask in SQL.",
    "replay": "Run a recorded trace again, its effects answered from the recording.",
    "export": "Write spans to a file, or a trace to a page to send to someone.",
    "import": "Take in spans from OTLP files.",
    "score": "Give a trace or a step a named value.",
    "tail": "Print steps as they end.",
    "stats": "Say what the store holds, day by day and model by model, and what it takes on disk.",
    "prune": "Remove old traces, and give their space back.",
    "rebuild": "Make the index anew from the journals.",
    "doctor": "Say how the store and this installation are.",
}
"""The commands in the order of the help, each with its first line."""


def _say_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"treadle {version_of('treadle')}")
        context.exit()


@click.group(
    cls=LazyGroup,
    package=__name__,
    commands=COMMANDS,
    invoke_without_command=True,
    epilog=examples("treadle run app.py", "treadle show last-failed", "treadle last"),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say_version,
    help="Say which Treadle this is.",
)
@common_options
@click.pass_context
def treadle(context: click.Context) -> object:
    """Record chains of models, step through them, change an input, run them again, ask them in SQL.

    Without a command it opens the debugger on the nearest store; with the name of a trace, on that trace. A trace or a
    step is named by any unambiguous prefix of its id, or by last or last-failed.
    """
    if context.invoked_subcommand is not None:
        return None
    command = context.command.get_command(context, "ui")  # type: ignore[attr-defined]
    return context.invoke(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    settings = Settings()
    sys.exit(run_to_the_end(treadle, settings, arguments))
