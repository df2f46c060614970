"""`treadle doctor`: how the store and this installation are, and what is wrong with them."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import click
from rich.text import Text

from treadle_tui.cli.checks import Finding, check_clients, check_installation, check_key, check_terminal
from treadle_tui.cli.controls import visible
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.store_checks import check_journals, check_store
from treadle_tui.cli.table import console_on, print_line

COLUMNS = ("section", "name", "value", "problem")
TYPES = ("VARCHAR", "VARCHAR", "VARCHAR", "BOOLEAN")


@click.command(epilog=examples("treadle doctor", "treadle doctor --format json"))
@format_option
@common_options
@pass_settings
def command(settings: Settings, output_format: str) -> int:
    """Say how the store and this installation are.

    Exits with 1 where something is wrong: records that could not be read, a store that cannot be opened, a key that
    others can read.
    """
    findings = list(_findings(settings))
    if output_format == "table":
        _print(findings)
    else:
        rows = ((found.section, found.name, found.value, found.problem) for found in findings)
        write_rows(RowSet(COLUMNS, TYPES, rows), output_format)
    return Ending.CHECK_FAILED if any(found.problem for found in findings) else Ending.DONE


def _findings(settings: Settings) -> Iterator[Finding]:
    store = settings.store_path
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: check_store(store),
        lambda: check_journals(store),
        check_key,
        check_clients,
        check_installation,
        check_terminal,
    )
    for check in checks:
        yield from check()


def _print(findings: Sequence[Finding]) -> None:
    console = console_on(sys.stdout)
    sections: defaultdict[str, list[Finding]] = defaultdict(list)
    for found in findings:
        sections[found.section].append(found)
    width = max(len(found.name) for found in findings)
    for section, inside in sections.items():
        print_line(console, Text(section, "bold"))
        for found in inside:
            mark, style = ("✗", "red") if found.problem else (" ", "")
            value = visible(found.value, lines=False)
            print_line(console, Text(f"{mark} {found.name:<{width}}  {value}", style))
    problems = sum(found.problem for found in findings)
    click.echo("all well" if not problems else f"{problems} to look at, marked ✗", err=True)
