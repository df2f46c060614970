"""`treadle diff`: two traces side by side, or two steps."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from treadle.errors import UsageError
from treadle.values.difference import Difference
from treadle_debugger.alignment import Pair, StepDiff, diff_steps, diff_traces
from treadle_debugger.words import diff_words
from treadle_tui.cli.controls import visible
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.finding import find_trace
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.table import console_on, print_line

if TYPE_CHECKING:
    from treadle_storage import Found, Store

COLUMNS = ("span_a", "span_b", "name", "part", "path", "change", "before", "after")
TYPES = ("VARCHAR",) * len(COLUMNS)
STYLES = {"same": "", "removed": "red strike", "added": "green underline"}


@click.command(epilog=examples("treadle diff 7f3a 91c2", "treadle diff last-failed last", "treadle diff SPAN_A SPAN_B"))
@click.argument("a")
@click.argument("b")
@click.option("--exit-code", is_flag=True, help="Exit with 1 where they differ.")
@format_option
@common_options
@pass_settings
def command(settings: Settings, a: str, b: str, *, exit_code: bool, output_format: str) -> int:
    """Compare two traces, or two steps.

    Traces are aligned as a replay aligns them: by the call that made a call, its name, then its arguments or its place.
    """
    with settings.open_store() as store:
        pairs = _compared(store, find_trace(store, a), find_trace(store, b))
    differing = [pair for pair in pairs if pair.diff is None or not pair.diff.is_same]
    if output_format == "table":
        _print(pairs)
    else:
        write_rows(RowSet(COLUMNS, TYPES, (row for pair in pairs for row in _rows(pair))), output_format)
    return Ending.CHECK_FAILED if exit_code and differing else Ending.DONE


def _compared(store: "Store", a: "Found", b: "Found") -> list[Pair]:
    calls_a, calls_b = store.recording(a.trace_id).calls, store.recording(b.trace_id).calls
    if a.span_id is None and b.span_id is None:
        return diff_traces(calls_a, calls_b)
    if a.span_id is None or b.span_id is None:
        raise UsageError("a trace and a step cannot be compared: name two traces, or two steps")
    (before,) = (call for call in calls_a if call.span_id == a.span_id)
    (after,) = (call for call in calls_b if call.span_id == b.span_id)
    return [Pair(before, after, 0, diff_steps(before, after))]


def _print(pairs: Sequence[Pair]) -> None:
    console = console_on(sys.stdout)
    for pair in pairs:
        for line in _lines(pair):
            print_line(console, line)
    same = sum(pair.diff is not None and pair.diff.is_same for pair in pairs)
    missing = sum(pair.after is None for pair in pairs)
    new = sum(pair.before is None for pair in pairs)
    differing = len(pairs) - same - missing - new
    click.echo(f"{same} the same, {differing} differ, {missing} only in A, {new} only in B", err=True)


def _lines(pair: Pair) -> Iterator[Text]:
    call = pair.before or pair.after
    name = visible(call.name, lines=False) if call is not None else ""
    indent = "  " * pair.depth
    if pair.after is None:
        yield Text(f"- {indent}{name}  only in A", "red")
    elif pair.before is None:
        yield Text(f"+ {indent}{name}  only in B", "green")
    elif pair.diff is None or pair.diff.is_same:
        yield Text(f"= {indent}{name}", "dim")
    else:
        yield Text(f"≠ {indent}{name}  {pair.before.span_id[:8]} {pair.after.span_id[:8]}", "bold")
        yield from _differences(pair.diff, f"    {indent}")


def _differences(diff: StepDiff, indent: str) -> Iterator[Text]:
    if diff.status is not None:
        yield Text(f"{indent}status: {diff.status[0]} -> {diff.status[1]}")
    for title, differences in (("input", diff.inputs), ("output", diff.outputs)):
        for difference in differences:
            yield _told(difference, f"{indent}{title} ")


def _told(difference: Difference, lead: str) -> Text:
    before, after = difference.before, difference.after
    both_texts = isinstance(before, str) and isinstance(after, str)
    if not (both_texts and difference.change == "changed") or not sys.stdout.isatty():
        return Text(visible(f"{lead}{difference}", lines=False))
    line = Text(f"{lead}{difference.path + ': ' if difference.path else ''}")
    for piece in diff_words(str(before), str(after)):
        line.append(visible(piece.text, lines=False), STYLES[piece.change])
    return line


def _rows(pair: Pair) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each difference of a pair."""
    call = pair.before or pair.after
    head = (pair.before and pair.before.span_id, pair.after and pair.after.span_id, call and call.name)
    if pair.diff is None:
        yield (*head, "step", "", "removed" if pair.after is None else "added", None, None)
        return
    if pair.diff.status is not None:
        yield (*head, "status", "", "changed", *pair.diff.status)
    for part, differences in (("input", pair.diff.inputs), ("output", pair.diff.outputs)):
        for found in differences:
            yield (*head, part, found.path, found.change, found.before, found.after)
