"""`treadle search`: a text in everything that was recorded."""

import click

from treadle_storage.searching import search_everywhere
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.output import RowSet, write_rows

SHOWN_ID = 8


@click.command(epilog=examples("treadle search refund", 'treadle search "sorry, I" --limit 500 --format ndjson'))
@click.argument("text")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many steps.")
@format_option
@common_options
@pass_settings
def command(settings: Settings, text: str, limit: int, output_format: str) -> None:
    """Find a text in everything that was recorded.

    In inputs, outputs, errors and names; the newest steps come first. Upper and lower case are the same.
    """
    with settings.open_store() as store:
        rows = search_everywhere(store, text, limit=limit)
        found = [_short_ids(row) for row in rows] if output_format == "table" else rows
        written = write_rows(RowSet(rows.columns, rows.types, found), output_format)
    if not written:
        click.echo(f"{text!r} is nowhere in {settings.store_path}", err=True)


def _short_ids(row: tuple[object, ...]) -> tuple[object, ...]:
    trace_id, span_id, *rest = row
    return str(trace_id)[:SHOWN_ID], str(span_id)[:SHOWN_ID], *rest
