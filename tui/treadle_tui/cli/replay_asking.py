"""Asking before a replay does anything for real: what would run, how often, and about what it costs."""

import sys
from collections.abc import Iterator, Sequence

import click
from rich.text import Text

from treadle.errors import UsageError
from treadle_debugger.forecast import Forecast, LiveCalls
from treadle_tui import figures
from treadle_tui.cli.table import console_on, one_line, print_line

NEW_CALLS = "calls that the recording has not"


def may_go_live(expected: Forecast, *, yes: bool) -> bool:
    """Return whether the user lets it run; nothing is asked where nothing can go live.

    Raises:
        UsageError: there is nobody to ask, and `--yes` was not given.

    """
    if expected.is_empty or yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{_in_one_line(expected)} (add --yes to let it)")
    console = console_on(sys.stderr)
    for line in _lines(expected):
        print_line(console, Text(line))
    is_allowed = click.confirm("run it?", default=False, err=True)
    if not is_allowed:
        click.echo("nothing was run", err=True)
    return is_allowed


def _lines(expected: Forecast) -> Iterator[str]:
    widths = [max((len(one_line(text)) for text in texts), default=0) for texts in _texts(expected)]
    if expected.certain:
        yield "this runs for real:"
        yield from (_row(calls, widths) for calls in expected.certain)
    if expected.possible:
        yield (
            "of these, what has changed by then:" if not expected.certain else "and of these, what has changed by then:"
        )
        yield from (_row(calls, widths) for calls in expected.possible)
    if expected.lets_new_run:
        yield f"{'and ' if expected.certain or expected.possible else 'this runs for real: '}{NEW_CALLS}"
    cost = _cost(expected)
    if cost:
        yield cost


def _texts(expected: Forecast) -> tuple[list[str], list[str], list[str]]:
    groups = (*expected.certain, *expected.possible)
    return [calls.name for calls in groups], [calls.kind for calls in groups], [_count(calls) for calls in groups]


def _row(calls: LiveCalls, widths: Sequence[int]) -> str:
    name, kind, count = (
        text.ljust(width) for text, width in zip((one_line(calls.name), calls.kind, _count(calls)), widths, strict=True)
    )
    cost = "" if calls.cost_usd is None else f"about {figures.money(calls.cost_usd)}"
    return f"  {name}  {kind}  {count}  {cost}".rstrip()


def _count(calls: LiveCalls) -> str:
    return "1 call" if calls.count == 1 else f"{figures.count(calls.count)} calls"


def _cost(expected: Forecast) -> str:
    """Return about what all of it costs, judged by the recording; nothing where nothing is known."""
    if expected.most_usd is None:
        return ""
    if expected.cost_usd is None:
        return f"at most about {figures.money(expected.most_usd)}"
    if expected.cost_usd == expected.most_usd:
        return f"about {figures.money(expected.cost_usd)} in all"
    return f"about {figures.money(expected.cost_usd)}, at most about {figures.money(expected.most_usd)} in all"


def _in_one_line(expected: Forecast) -> str:
    said = [
        _listed(expected.certain),
        f"if changed by then {_listed(expected.possible)}" if expected.possible else "",
        NEW_CALLS if expected.lets_new_run else "",
        _cost(expected),
    ]
    return f"this would run for real: {'; '.join(part for part in said if part)}"


def _listed(groups: Sequence[LiveCalls]) -> str:
    return ", ".join(f"{calls.name} ({calls.kind}, {_count(calls)})" for calls in groups)
