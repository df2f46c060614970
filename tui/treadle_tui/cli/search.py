"""`treadle search`: a text in everything that was recorded."""

import sys
from collections.abc import Iterable
from dataclasses import fields
from itertools import islice

import click
from rich.console import Console
from rich.text import Text

from treadle_storage.searching import Hit, Sought, search_everywhere
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.table import console_on, one_line, print_line
from treadle_tui.cli.times import moment, short_time

SHOWN_ID = 8
NAME_CELLS = 20
NAMES = tuple("started_at" if field.name == "started_at_ns" else field.name for field in fields(Hit))


@click.command(
    epilog=examples(
        "treadle search refund", 'treadle search "sorry, I" --limit 500 --format ndjson',
        r'treadle search --regex "order #?\d{4}"',
    )
)  # fmt: skip
@click.argument("text")
@click.option("--regex", is_flag=True, help="TEXT is a regular expression (RE2).")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many steps.")
@format_option
@common_options
@pass_settings
def command(settings: Settings, text: str, limit: int, output_format: str, *, regex: bool) -> None:
    """Find a text in everything that was recorded.

    In inputs, outputs, errors and names; running steps come first, then the newest. Upper and lower case are the same.
    """
    sought = Sought(text, is_pattern=regex)
    with settings.open_store() as store:
        hits = islice(search_everywhere(store, sought, limit=limit), limit)
        if output_format == "table":
            written = _print(hits, sought)
        else:
            written = write_rows(RowSet(NAMES, ["VARCHAR"] * len(NAMES), map(_row, hits)), output_format)
    if not written:
        click.echo(f"{text!r} is nowhere in {settings.store_path}", err=True)


def _print(hits: Iterable[Hit], sought: Sought) -> int:
    """Print each when it is found."""
    console = console_on(sys.stdout)
    written = 0
    for written, hit in enumerate(hits, 1):  # noqa: B007 - counted
        _print_hit(console, hit, sought)
        sys.stdout.flush()
    return written


def _print_hit(console: Console, hit: Hit, sought: Sought) -> None:
    ids = f"{hit.trace_id[:SHOWN_ID]}  {hit.span_id[:SHOWN_ID]}  {short_time(hit.started_at_ns):<11}"
    line = Text(f"{ids}  ", "dim").append(f"{one_line(hit.name):<{NAME_CELLS}}  ", "not dim")
    line.append(f"{hit.place}{(hit.path or '').removeprefix('$')}  ", "cyan not dim")
    snippet = one_line(hit.snippet)
    span = sought.first_in(snippet)
    shown = Text(snippet, "not dim")
    if span is not None:
        shown.stylize("bold yellow", *span)
    print_line(console, line.append_text(shown), cut=True)


def _row(hit: Hit) -> list[object]:
    return [moment(hit.started_at_ns) if f.name == "started_at_ns" else getattr(hit, f.name) for f in fields(hit)]
