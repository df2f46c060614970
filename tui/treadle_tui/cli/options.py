"""The options that every command has, and how a store is opened from them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from treadle.config import find_store

if TYPE_CHECKING:
    from treadle_storage import Store

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
FORMATS = ("table", "json", "ndjson", "csv")


@dataclass(slots=True)
class Settings:
    """What was asked for before or after the command's name."""

    store: str | None = None
    debug: bool = False

    @property
    def store_path(self) -> Path:
        """Where the store is, or would be."""
        return find_store(self.store)

    def open_store(self) -> "Store":
        """Open the store.

        Raises:
            NotFoundError: there is none.
            StoreError: it cannot be opened.

        """
        import treadle_storage

        return treadle_storage.open(self.store_path)


pass_settings = click.make_pass_decorator(Settings)


def examples(*lines: str) -> str:
    """Return the end of a command's help: how it is typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def common_options(function: Decorated) -> Decorated:
    """Add `--store` and `--debug`, which the settings take up."""
    store = click.option(
        "--store", metavar="PATH", help="The store; else TREADLE_STORE, else the nearest .treadle upwards.",
        expose_value=False, callback=_set_store,
    )  # fmt: skip
    debug = click.option("--debug", is_flag=True, help="Print tracebacks.", expose_value=False, callback=_set_debug)
    return store(debug(function))


def format_option(function: Decorated) -> Decorated:
    """Add `--format`."""
    option = click.option(
        "--format", "output_format", type=click.Choice(FORMATS), default="table", show_default=True,
        help="A table is for people, the others for programs.",
    )  # fmt: skip
    return option(function)


def timeout_option(default_s: float | None, said: str) -> Callable[[Decorated], Decorated]:
    """Return what adds `--timeout`, a number of seconds."""
    return click.option(
        "--timeout", "timeout_s", type=float, default=default_s, show_default=True, help=said, callback=_check_seconds
    )


def version_of(distribution: str) -> str:
    """Return an installed distribution's version, or `not installed`."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _set_store(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Settings).store = value


def _check_seconds(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise click.BadParameter(f"{value:g} is no number of seconds above 0", context, parameter)
    return value


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Settings).debug = True
