"""How a command ends: the exit codes, and one clear line for whatever went wrong.

0: it did its work. 1: what it checked failed. 2: it was used wrongly or could not start. 130: Ctrl-C. A reader that
closed the pipe has what it wanted, so that ends in 0.
"""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from enum import IntEnum
from types import TracebackType

import click

from treadle.errors import TreadleError
from treadle_tui.cli.controls import visible
from treadle_tui.cli.lazy import PipeClosedError
from treadle_tui.cli.options import Settings


class Ending(IntEnum):
    """The exit codes."""

    DONE = 0
    CHECK_FAILED = 1
    UNUSABLE = 2
    INTERRUPTED = 130


class Program:
    """The user's program, to be run after the command line has done its part and holds no exception of its."""

    def __init__(self, start: Callable[[], None]) -> None:
        self.start = start


def run_to_the_end(command: click.Command, settings: Settings, arguments: Sequence[str] | None) -> int:
    """Run a command and return its exit code; a program that it starts keeps its own exceptions."""
    sys.excepthook = lambda kind, error, trace: _tell_fault(kind, error, trace, settings=settings)
    try:
        outcome = _run(command, settings, arguments)
        sys.stdout.flush()
    except (PipeClosedError, BrokenPipeError):
        # The interpreter flushes stdout once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Ending.DONE
    if isinstance(outcome, Program):
        sys.excepthook = sys.__excepthook__
        outcome.start()
        return Ending.DONE
    return int(outcome)


def _run(command: click.Command, settings: Settings, arguments: Sequence[str] | None) -> "int | Program":
    try:
        outcome = command.main(
            None if arguments is None else list(arguments), "treadle", standalone_mode=False, obj=settings
        )
    except click.ClickException as error:
        return _complain(_usage_line(error), settings)
    except click.Abort:
        return Ending.INTERRUPTED
    except TreadleError as error:
        _complain(str(error), settings)
        return error.exit_code
    if isinstance(outcome, Program):
        return outcome
    return outcome if isinstance(outcome, int) else Ending.DONE


def _usage_line(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    return f"{message} (see {context.command_path} --help)" if context else message


def _complain(message: str, settings: Settings) -> int:
    if settings.debug:
        traceback.print_exc()
    click.echo(f"treadle: {visible(' '.join(message.split()))}", err=True)
    return Ending.UNUSABLE


def _tell_fault(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, *, settings: Settings
) -> None:
    """Tell a fault of ours in one line; the traceback comes with `--debug`."""
    if settings.debug:
        sys.__excepthook__(kind, error, trace)
    else:
        said = visible(" ".join(f"{kind.__name__}: {error}".split()))
        click.echo(f"treadle: internal fault, {said} (run it with --debug for the traceback)", err=True)
    sys.exit(Ending.UNUSABLE)
