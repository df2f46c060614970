"""`treadle sql`: any SELECT over the store's views, given or asked for at a prompt."""

import sys
from typing import TYPE_CHECKING

import click

from treadle.errors import UsageError
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings, timeout_option
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.sql_prompt import run_prompt

if TYPE_CHECKING:
    from treadle_storage import Store


@click.command(
    epilog=examples(
        'treadle sql "select model, count(*), sum(output_tokens) from llm_calls group by 1"',
        "treadle sql --format csv \"from spans where status = 'error'\" > errors.csv",
        "echo 'from traces limit 3' | treadle sql -",
    )
)
@click.argument("query", required=False)
@timeout_option(30.0, "Seconds until it is stopped.")
@format_option
@common_options
@pass_settings
def command(settings: Settings, query: str | None, timeout_s: float, output_format: str) -> None:
    """Ask in SQL.

    QUERY is one SELECT, or - to read it from standard input; without one a prompt asks for them. It is read-only:
    nothing that it runs can write, or read files. The views are spans, traces, llm_calls, tool_calls, retrievals,
    messages, events, errors, sessions, scores, processes and sources; docs/sql.md has their columns.
    """
    if query is None and not sys.stdin.isatty():
        raise UsageError("no query: give one, or - to read it from standard input (a prompt needs a terminal)")
    with settings.open_store() as store:
        if query is None:
            run_prompt(store, lambda asked: _answer(store, asked, timeout_s, output_format))
        else:
            _answer(store, sys.stdin.read() if query == "-" else query, timeout_s, output_format)


def _answer(store: "Store", query: str, timeout_s: float, output_format: str) -> None:
    with store.sql(query, timeout_s=timeout_s) as rows:
        written = write_rows(RowSet(rows.columns, rows.types, rows), output_format)
    if output_format == "table":
        click.echo("1 row" if written == 1 else f"{written:,} rows", err=True)
