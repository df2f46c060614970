"""`treadle sql`: any SELECT over the store's views."""

import sys

import click

from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings, timeout_option
from treadle_tui.cli.output import RowSet, write_rows


@click.command(
    epilog=examples(
        'treadle sql "select model, count(*), sum(output_tokens) from llm_calls group by 1"',
        "treadle sql --format csv \"from spans where status = 'error'\" > errors.csv",
        "echo 'from traces limit 3' | treadle sql -",
    )
)
@click.argument("query")
@timeout_option(30.0, "Seconds until it is stopped.")
@format_option
@common_options
@pass_settings
def command(settings: Settings, query: str, timeout_s: float, output_format: str) -> None:
    """Ask in SQL.

    QUERY is one SELECT, or - to read it from standard input. It is read-only: nothing that it runs can write, or read
    other files. The views are spans, traces, llm_calls, tool_calls, retrievals, messages, events, errors, sessions,
    scores and processes.
    """
    text = sys.stdin.read() if query == "-" else query
    with settings.open_store() as store:
        rows = store.sql(text, timeout_s=timeout_s)
        written = write_rows(RowSet(rows.columns, rows.types, rows), output_format)
    if output_format == "table":
        click.echo("1 row" if written == 1 else f"{written:,} rows", err=True)
