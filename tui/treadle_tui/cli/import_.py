"""`treadle import`: spans from OTLP files into the store."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from treadle_tui.cli.amount_bar import bar_of_amount
from treadle_tui.cli.controls import visible
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings

if TYPE_CHECKING:
    from treadle_storage.formats.tallies import Imported, Tally

MOST_REASONS = 12


@click.command(epilog=examples("treadle import traces.jsonl", "treadle import otel/*.json.gz spans.binpb"))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@common_options
@pass_settings
def command(settings: Settings, files: tuple[Path, ...]) -> None:
    """Take in spans from OTLP files.

    JSON, JSON lines as the collector's file exporter writes them, and protobuf; compressed with gzip too. The same file
    again adds nothing, and an import that was cut off goes on when it is run again. The store is made where there is
    none. What is in no column of ours stays in the attributes.
    """
    import treadle_storage
    from treadle_storage.formats.importing import import_files

    total = sum(path.stat().st_size for path in files if path.is_file())
    with treadle_storage.open(settings.store_path, create=True) as store, bar_of_amount(total, "bytes") as bar:
        done = import_files(store, files, on_progress=lambda read, so_far: bar.show(read, f"{so_far.spans:,} spans"))
    _tell(done)


def _tell(done: "Imported") -> None:
    known = f", {done.known:,} already there" if done.known else ""
    skipped = f", {done.skipped.total:,} skipped" if done.skipped.total else ""
    click.echo(f"{_counted(done.spans, 'span')} imported{known}{skipped}")
    _tell_reasons(done.skipped, "skipped")
    _tell_reasons(done.unread, "not read")
    _tell_reasons(done.mended, "put right")
    if done.secrets:
        click.echo(f"{_counted(done.secrets, 'secret')} masked", err=True)


def _tell_reasons(tally: "Tally", what: str) -> None:
    lines = tally.lines()
    for line in lines[:MOST_REASONS]:
        click.echo(visible(f"  {what} {line}", lines=False), err=True)
    if len(lines) > MOST_REASONS:
        click.echo(f"  {what} for {len(lines) - MOST_REASONS} more reasons", err=True)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
