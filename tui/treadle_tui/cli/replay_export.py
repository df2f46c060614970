"""`treadle replay --export FILE`: a pytest test of a recorded trace, and what was taken out of its fixture."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from treadle_debugger.exporting import Exported, Secret, export
from treadle_debugger.request import Request
from treadle_tui.cli.controls import visible
from treadle_tui.cli.table import console_on, print_line

if TYPE_CHECKING:
    from treadle_storage import Store

CLAIMS = {
    "returns": "it fails while what was recorded still raises, and passes once it returns",
    "differs": "it fails while the result is the recorded one: write in it what it should be",
    "same": "it passes while the result is the recorded one",
}

export_option = click.option(
    "--export",
    "export_to",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a pytest test, such as tests/test_refund.py, and its fixture beside it; nothing runs.",
)


def write_test(store: "Store", request: Request, path: Path) -> int:
    """Export, and say what was written and what is not in it; return the exit code."""
    console = console_on(sys.stdout)
    for line in _lines(export(store, request, path)):
        print_line(console, Text(visible(line, lines=False)))
    return 0


def _lines(exported: Exported) -> Iterator[str]:
    test, fixture = (os.path.relpath(file) for file in (exported.test, exported.fixture))
    yield f"wrote {test} and {fixture} ({exported.calls} calls): {CLAIMS[exported.claim]}"
    taken = [secret for secret in exported.secrets if secret.is_new]
    known = [secret for secret in exported.secrets if not secret.is_new]
    if taken:
        yield f"took out {_count(taken)}:"
        yield from map(_told, taken)
    if known:
        yield f"{_count(known)} had not been recorded:"
        yield from map(_told, known)
    if not exported.secrets:
        yield "found no secrets in it"
    for name in dict.fromkeys(exported.unanswerable):
        yield f"the answer of {name} is a secret or a pickle: the test fails where it asks for it"


def _count(secrets: list[Secret]) -> str:
    return f"{len(secrets)} secret{'s' if len(secrets) > 1 else ''}"


def _told(secret: Secret) -> str:
    where = f"{secret.step}, {secret.place}" + (f" {secret.path}" if secret.path else "")
    return f"  {where}: {secret.shown}"
