"""How far a batch is: one line at the foot of the terminal, with the time and the money that are left."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from treadle_debugger.batch import Judged
from treadle_tui import figures

ERASE_LINE = "\r\x1b[2K"
BAR_CELLS = 30


class Bar(Protocol):
    """What is told how a batch goes on."""

    def make_way(self) -> None:
        """Free the line for a row that is about to be printed."""

    def count(self, one: Judged) -> None:
        """Note that one more is done."""

    def show(self) -> None:
        """Draw it as it is now."""


class NoBar:
    """Where there is no terminal."""

    def make_way(self) -> None:
        """Do nothing."""

    def count(self, one: Judged) -> None:
        """Do nothing."""

    def show(self) -> None:
        """Do nothing."""


class ProgressBar:
    """On a terminal; it is drawn only when asked, so that rows and bar never mix."""

    def __init__(self, progress: Progress, total: int, costs: Mapping[str, float]) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=total, left="")
        self._total = total
        self._done = 0
        self._costs = dict(costs)
        self._started = time.monotonic()

    def make_way(self) -> None:
        """Erase it: rows go to stdout, which may be the same terminal."""
        if sys.stdout.isatty():
            sys.stderr.write(ERASE_LINE)
            sys.stderr.flush()

    def count(self, one: Judged) -> None:
        """Note that one more is done, and what it was expected to cost is spent."""
        self._done += 1
        self._costs.pop(one.replay_of, None)
        self.show()

    def show(self) -> None:
        """Draw it with what is left by now."""
        left = left_in_words(time.monotonic() - self._started, self._done, self._total, sum(self._costs.values()))
        self._progress.update(self._task, completed=self._done, left=left)
        self._progress.refresh()


def left_in_words(elapsed_s: float, done: int, total: int, cost_usd: float) -> str:
    """Return the time that is left, if those to come take as long as those that are done, and the cost."""
    said = []
    if done:
        said.append(f"{_whole_seconds(round(elapsed_s / done * (total - done)))} left")
    if cost_usd:
        said.append(f"about {figures.money(cost_usd)} left")
    return ", ".join(said)


def _whole_seconds(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


@contextmanager
def bar_on_stderr(total: int, costs: Mapping[str, float]) -> Iterator[Bar]:
    """Show a bar while the block runs, where stderr is a terminal; `costs` is what each replay is expected to cost."""
    console = Console(file=sys.stderr)
    if not console.is_terminal or not total:
        yield NoBar()
        return
    columns = (BarColumn(BAR_CELLS), MofNCompleteColumn(), TextColumn("{task.fields[left]}", style="dim"))
    progress = Progress(
        *columns, console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    with progress:
        yield ProgressBar(progress, total, costs)
