"""How far an import or an export is: one line at the foot of the terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

BAR_CELLS = 32
REDRAW_S = 0.1


class AmountBar:
    """Drawn where stderr is a terminal; else nothing."""

    def __init__(self, progress: Progress | None, total: int, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=total, said="") if progress is not None else None
        self._drawn_at = 0.0

    def show(self, done: int, said: str) -> None:
        """Say how much is done, and what came of it."""
        if self._progress is None or self._task is None or time.monotonic() - self._drawn_at < REDRAW_S:
            return
        self._progress.update(self._task, completed=done, said=said)
        self._progress.refresh()
        self._drawn_at = time.monotonic()


@contextmanager
def bar_of_amount(total: int, what: str) -> Iterator[AmountBar]:
    """Show a bar while the block runs; it leaves nothing behind."""
    console = Console(file=sys.stderr)
    if not console.is_terminal or not total:
        yield AmountBar(None, total, what)
        return
    columns = (
        BarColumn(BAR_CELLS), TaskProgressColumn(), TextColumn("{task.fields[said]}", style="dim"),
        TimeRemainingColumn(compact=True),
    )  # fmt: skip
    progress = Progress(
        *columns, console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    with progress:
        yield AmountBar(progress, total, what)
