"""`treadle run`: a program with every known client recorded, itself the root step."""

import os
from functools import partial
from pathlib import Path

import click

from treadle.errors import UsageError
from treadle_tui.cli.endings import Program
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog=examples("treadle run app.py --verbose", "treadle run -m my.package", "treadle run --name nightly app.py"),
)
@click.option("-m", "as_module", is_flag=True, help="SCRIPT is a module's name, as with python -m.")
@click.option("--name", metavar="NAME", help="What the root step is called; else as the program is.")
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@common_options
@pass_settings
def command(settings: Settings, as_module: bool, name: str | None, script: str, arguments: tuple[str, ...]) -> Program:
    """Run a program with every known client recorded.

    The program runs as it would without: its arguments, its exit code, its tracebacks. What follows SCRIPT is its own.
    """
    from treadle import program

    if settings.store is not None:
        os.environ["TREADLE_STORE"] = str(settings.store_path)
    if as_module:
        return Program(partial(program.run_module, script, list(arguments), name=name))
    if not Path(script).exists():
        raise UsageError(f"there is no file {script} in {Path.cwd()}")
    return Program(partial(program.run_file, script, list(arguments), name=name))
