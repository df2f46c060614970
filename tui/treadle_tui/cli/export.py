"""`treadle export`: spans to files for other programs, and a trace to a page for people."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

import click

from treadle.errors import UsageError
from treadle_tui.cli.amount_bar import AmountBar, bar_of_amount
from treadle_tui.cli.finding import find_trace
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings
from treadle_tui.cli.output import RowSet, write_rows

if TYPE_CHECKING:
    from treadle_storage import Store
    from treadle_storage.formats.choosing import Chosen
    from treadle_storage.formats.cleaning import Cleaning

FORMATS = {
    "parquet": "Rows of spans as Parquet.",
    "ndjson": "Rows of spans, a JSON object a line.",
    "csv": "Rows of spans as CSV.",
    "otlp": "OTLP: JSON lines, or protobuf where the name ends in .pb or .binpb.",
    "html": "One trace as a page that needs nothing else.",
}
STDOUT = "-"


def _format_options(function: "click.decorators.FC") -> "click.decorators.FC":
    for name, said in reversed(FORMATS.items()):
        function = click.option(f"--{name}", metavar="FILE", help=said)(function)
    return function


@click.command(
    epilog=examples(
        "treadle export last-failed --html failure.html",
        "treadle export --parquet spans.parquet",
        'treadle export --where "failed = true" --otlp failures.jsonl.gz',
        "treadle export --ndjson - | jq .name",
    )
)
@click.argument("trace", required=False)
@_format_options
@click.option("--where", metavar="X", help="Only traces that fit: a glob on the name, or SQL such as failed = true.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@common_options
@pass_settings
def command(settings: Settings, /, trace: str | None, where: str | None, force: bool, **files: str | None) -> None:
    """Write spans to a file, or a trace to a page to send to someone.

    Of TRACE, or of all traces. FILE is a path, compressed where it ends in .gz, or - for standard output (NDJSON, CSV
    and OTLP in JSON). Secrets are looked for again on the way out.
    """
    from treadle_storage.formats.choosing import choose
    from treadle_storage.formats.cleaning import Cleaning

    form, target = _chosen_format(files)
    if trace is not None and where is not None:
        raise UsageError("a trace by its name, or those that fit --where: not both")
    if form == "html" and trace is None:
        raise UsageError("a page is of one trace: treadle export TRACE --html FILE")
    path = _target(form, target, force=force)
    with settings.open_store() as store:
        trace_id = find_trace(store, trace).trace_id if trace is not None else None
        chosen = choose(store, trace_id=trace_id, where=where)
        cleaning = Cleaning(store.path)
        with bar_of_amount(chosen.span_count, "spans") as bar:
            count = _WRITERS[form](store, chosen, cleaning, path, bar)
    where_to = "standard output" if path is None else str(path)
    click.echo(
        f"{count:,} {'span' if count == 1 else 'spans'} of {_traces(len(chosen.traces))} to {where_to}", err=True
    )
    if cleaning.secrets:
        click.echo(f"{cleaning.secrets:,} {'secret' if cleaning.secrets == 1 else 'secrets'} masked", err=True)


def _chosen_format(files: dict[str, str | None]) -> tuple[str, str]:
    given = [(name, file) for name, file in files.items() if file is not None]
    if len(given) != 1:
        options = ", ".join(f"--{name}" for name in FORMATS)
        raise UsageError(f"name one format and its file: {options}" + (", and only one" if given else ""))
    return given[0]


def _target(form: str, target: str, *, force: bool) -> Path | None:
    """Return the file to be written, None for standard output."""
    if target == STDOUT:
        if form in ("parquet", "html"):
            raise UsageError(f"--{form} wants a file")
        return None
    path = Path(target).absolute()
    if path.exists() and not (force and path.is_file()):
        raise UsageError(f"{path} is there already: choose another name, or --force")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}")
    return path


def _parquet(store: "Store", chosen: "Chosen", cleaning: "Cleaning", path: Path | None, bar: AmountBar) -> int:
    from treadle_storage.formats.span_rows import SpanRows, write_parquet

    assert path is not None
    rows = SpanRows(store, chosen, cleaning, on_progress=lambda count: bar.show(count, ""))
    return write_parquet(rows, path)


def _rows(form: str, store: "Store", chosen: "Chosen", cleaning: "Cleaning", path: Path | None, bar: AmountBar) -> int:
    from treadle_storage.formats.span_rows import SpanRows

    rows = SpanRows(store, chosen, cleaning, on_progress=lambda count: bar.show(count, ""))
    with _text_file(path) as file:
        return write_rows(RowSet(rows.names, rows.types, rows), form, stream=file)


def _ndjson(store: "Store", chosen: "Chosen", cleaning: "Cleaning", path: Path | None, bar: AmountBar) -> int:
    return _rows("ndjson", store, chosen, cleaning, path, bar)


def _csv(store: "Store", chosen: "Chosen", cleaning: "Cleaning", path: Path | None, bar: AmountBar) -> int:
    return _rows("csv", store, chosen, cleaning, path, bar)


def _otlp(store: "Store", chosen: "Chosen", cleaning: "Cleaning", path: Path | None, bar: AmountBar) -> int:
    from treadle_storage.formats.otlp_export import is_protobuf, write_otlp

    protobuf = path is not None and is_protobuf(path)
    with _file(path) as file:
        return write_otlp(
            store, chosen, cleaning, file, protobuf=protobuf, on_progress=lambda count: bar.show(count, "")
        )


def _html(store: "Store", chosen: "Chosen", cleaning: "Cleaning", path: Path | None, _: AmountBar) -> int:
    from treadle_storage.formats.otlp_export import new_file
    from treadle_tui.page.writing import write_page

    assert path is not None
    with new_file(path) as file:
        return write_page(store, chosen, cleaning, file)


_WRITERS = {"parquet": _parquet, "ndjson": _ndjson, "csv": _csv, "otlp": _otlp, "html": _html}


@contextmanager
def _file(path: Path | None) -> Iterator[IO[bytes]]:
    from treadle_storage.formats.otlp_export import new_file

    if path is None:
        yield sys.stdout.buffer
        return
    with new_file(path) as file:
        yield file


@contextmanager
def _text_file(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    with _file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


def _traces(count: int) -> str:
    return "1 trace" if count == 1 else f"{count:,} traces"
