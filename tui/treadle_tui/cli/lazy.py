"""A click group that imports a command's module only when the command is used."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

TRACE_NAME = re.compile(r"last|last-failed|[0-9a-f]{4,32}")


class PipeClosedError(Exception):
    """Whoever read our output has seen enough."""


class LazyGroup(click.Group):
    """Commands by name and first line; the module `PACKAGE.NAME` holds the command, called `command`.

    A module whose name would be a keyword has `_` behind it.
    """

    def __init__(self, *args: Any, package: str = "", commands: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._first_lines = dict(commands or {})

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in the order of the help."""
        return list(self._first_lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in self._first_lines:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = import_module(f"{self._package}.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from their first lines, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._first_lines.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take the name of a trace for `ui TRACE`, and say which command was probably meant."""
        name = args[0]
        if name in self._first_lines:
            return name, self.get_command(ctx, name), args[1:]
        if TRACE_NAME.fullmatch(name):
            return "ui", self.get_command(ctx, "ui"), args
        near = get_close_matches(name, self._first_lines, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"there is no command {name!r}{hint}", ctx)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a closed pipe is told apart before click turns it into an exit code of its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise PipeClosedError from error
