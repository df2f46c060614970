"""`treadle tail`: steps as they end."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

import click
import orjson
from rich.text import Text

from treadle_tui import figures
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings
from treadle_tui.cli.table import console_on, one_line, print_line
from treadle_tui.cli.times import moment, short_time
from treadle_tui.widgets import marks

if TYPE_CHECKING:
    from treadle_storage.arriving import Arrival

POLL_S = 0.1
SHOWN_ID = 8
NAME_CELLS = 28
TIME_CELLS = 11
_TONES = {"dim": "dim", "alarm": "bold red", "accent": ""}


@click.command(
    epilog=examples(
        "treadle tail", "treadle tail \"kind = 'llm' and duration_ms > 5000\"", "treadle tail --format ndjson"
    )
)
@click.argument("where", required=False)
@click.option("--lines", type=click.IntRange(min=0), default=10, show_default=True, help="So many that were there.")
@click.option("--format", "output_format", type=click.Choice(("table", "ndjson")), default="table", show_default=True)
@click.option("--stop-after", type=click.IntRange(min=1), metavar="N", help="End after so many lines.")
@common_options
@pass_settings
def command(settings: Settings, where: str | None, lines: int, output_format: str, stop_after: int | None) -> None:
    """Print steps as they end.

    Of every program that records into the store, until Ctrl-C. WHERE chooses: a glob on the name, or SQL on the columns
    of spans.
    """
    from treadle_storage.arriving import Following

    write = _write_line if output_format == "table" else _write_json
    left = stop_after if stop_after is not None else sys.maxsize
    with settings.open_store() as store:
        following = Following(store, where)
        left -= _written(write, following.before(lines), left)
        version = -1
        while left > 0:
            if (now := store.version()) != version:
                version = now
                left -= _written(write, following.new(), left)
            time.sleep(POLL_S)


def _written(write: "Callable[[Arrival], None]", arrivals: "Iterable[Arrival]", most: int) -> int:
    count = 0
    for arrival in arrivals:
        if count == most:
            break
        write(arrival)
        count += 1
    sys.stdout.flush()
    return count


def _write_line(arrival: "Arrival") -> None:
    glyph, tone = marks.STATUS_GLYPHS.get(arrival.status, "?"), marks.STATUS_TONES.get(arrival.status, "dim")
    took = "" if arrival.duration_ms is None else figures.duration_text(int(arrival.duration_ms * 1e6))
    ended = "" if arrival.ended_at_ns is None else short_time(arrival.ended_at_ns)
    line = Text(f"{ended:<{TIME_CELLS}}  {arrival.trace_id[:SHOWN_ID]}  ", "dim")
    line.append(glyph, _TONES[tone]).append(f" {marks.KIND_TAGS.get(arrival.kind, 'SPN')} ", "")
    line.append(f"{one_line(arrival.name):<{NAME_CELLS}} {took:>7}", "not dim")
    for said in _told(arrival):
        line.append(f"  {said}", "not dim")
    print_line(console_on(sys.stdout), line, cut=True)


def _told(arrival: "Arrival") -> Iterable[str]:
    if arrival.source != "live":
        yield f"{marks.SOURCE_GLYPHS[arrival.source]} {arrival.source}"
    if arrival.model:
        yield one_line(arrival.model)
    if arrival.input_tokens or arrival.output_tokens:
        yield f"{figures.count(arrival.input_tokens or 0)} → {figures.count(arrival.output_tokens or 0)} tokens"
    if arrival.cost_usd:
        yield figures.money(arrival.cost_usd)
    if arrival.status == "interrupted" and arrival.ended_at_ns is None:
        yield "its process ended"
    if arrival.error_type:
        yield one_line(f"{arrival.error_type}: {arrival.error_message or ''}".rstrip(": "))


def _write_json(arrival: "Arrival") -> None:
    row = asdict(arrival)
    row = {("ended_at" if f.name == "ended_at_ns" else f.name): row[f.name] for f in fields(arrival)}
    row["ended_at"] = None if arrival.ended_at_ns is None else moment(arrival.ended_at_ns).isoformat()
    sys.stdout.write(orjson.dumps(row).decode() + "\n")
