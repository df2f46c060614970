"""`treadle score`: what a person thinks of a trace or a step, as a record that is never edited."""

import getpass
import math
from typing import TYPE_CHECKING

import click

from treadle.journal import write_people_record
from treadle_tui.cli.finding import find_step, find_trace
from treadle_tui.cli.options import Settings, common_options, examples, pass_settings

if TYPE_CHECKING:
    from treadle_storage import Store

WORDS = {"true": True, "yes": True, "pass": True, "false": False, "no": False, "fail": False}


def read_value(context: click.Context, parameter: click.Parameter, value: str) -> bool | float:
    """Read a number, or a word that says true or false."""
    word = value.lower()
    if word in WORDS:
        return WORDS[word]
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise click.BadParameter(f"{value!r} is neither a number nor true or false", context, parameter)
    return number


@click.command(
    context_settings={"ignore_unknown_options": True},  # -1 is a value
    epilog=examples("treadle score last helpful 0.8", 'treadle score 7f3a correct false --comment "wrong city"'),
)
@click.argument("trace")
@click.argument("name")
@click.argument("value", callback=read_value)
@click.option("--comment", metavar="TEXT", help="Why.")
@click.option("--label", metavar="WORD", help="The value in a word, such as rude or off-topic.")
@click.option("--step", metavar="SPAN", help="Score this step instead of the whole trace.")
@common_options
@pass_settings
def command(
    settings: Settings,
    trace: str,
    name: str,
    value: bool | float,
    *,
    comment: str | None,
    label: str | None,
    step: str | None,
) -> None:
    """Give a trace or a step a named value.

    The value is a number, or true or false. The newest value of a name counts: where it is false, the trace has failed.
    """
    if not name.strip() or name.startswith("-"):
        raise click.UsageError(f"a score needs a name, and {name!r} is none")
    with settings.open_store() as store:
        trace_id, span_id = _scored(store, trace, step)
        write_people_record(
            store.path, "score", trace=trace_id, span=span_id, name=name.strip(), value=value,
            label=label, comment=comment, source="human", author=_author(),
        )  # fmt: skip
    what = f"step {span_id[:8]} of trace {trace_id[:8]}" if span_id else f"trace {trace_id[:8]}"
    shown = str(value).lower() if isinstance(value, bool) else f"{value:g}"
    click.echo(f"{name} = {shown} for {what}", err=True)


def _scored(store: "Store", trace: str, step: str | None) -> tuple[str, str | None]:
    found = find_trace(store, trace)
    if step is None:
        return found.trace_id, found.span_id
    return found.trace_id, find_step(store, found.trace_id, step)


def _author() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
