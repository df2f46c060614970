"""Verdicts of many replays, a line each as they end: for people, and as rows for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, fields
from typing import Any, TextIO

from rich.text import Text

from treadle_debugger.batch import Judged
from treadle_tui import figures
from treadle_tui.cli.replay_result import verdict_style
from treadle_tui.cli.table import console_on, one_line, print_line

COLUMNS = tuple(field.name for field in fields(Judged))
TYPES = ("VARCHAR",) * 4 + ("INTEGER", "VARCHAR", "DOUBLE", "DOUBLE", "DOUBLE")
VERDICT_CELLS = len("not replayable")
TOOK_CELLS = 6
COST_CELLS = 8


def row_of(one: Judged) -> tuple[Any, ...]:
    """Return a verdict's cells, in the order of `COLUMNS`."""
    return astuple(one)


class VerdictLines:
    """Prints a line for each verdict, the first under a heading; the sentence comes last, and gives way."""

    def __init__(self, out: TextIO, heading: str, *, with_cost: bool) -> None:
        self._console = console_on(out)
        self._heading: str | None = heading
        self._with_cost = with_cost

    def add(self, leading: str, one: Judged) -> None:
        """Print one more; `leading` says which replay it was, as wide as in the heading."""
        if self._heading is not None:
            print_line(
                self._console, Text(f"{self._heading}  {self._cells('verdict', 'took', 'cost')}", "bold"), cut=True
            )
            self._heading = None
        took = figures.duration_text(int(one.elapsed_s * 1e9))
        cost = "" if one.cost_usd is None else figures.money(one.cost_usd)
        cells = self._cells(one.verdict, took, cost)
        line = Text(f"{leading}  ").append(cells[:VERDICT_CELLS], verdict_style(one.exit_code))
        line.append(f"{cells[VERDICT_CELLS:]}  {one_line(one.sentence)}")
        print_line(self._console, line, cut=True)

    def say(self, line: str) -> None:
        """Print a line below the table."""
        print_line(self._console, Text(line, "bold"))

    def _cells(self, verdict: str, took: str, cost: str) -> str:
        shown = f"{verdict:<{VERDICT_CELLS}}  {took:>{TOOK_CELLS}}"
        return f"{shown}  {cost:>{COST_CELLS}}" if self._with_cost else shown


def counted(done: Sequence[Judged]) -> str:
    """Return how many had which verdict, the most frequent first, and what they cost together."""
    counts = Counter(one.verdict for one in done)
    said = ", ".join(f"{figures.count(count)} {verdict}" for verdict, count in counts.most_common())
    cost_usd = sum(one.cost_usd or 0 for one in done)
    return f"{said}; cost {figures.money(cost_usd)}" if cost_usd else said
