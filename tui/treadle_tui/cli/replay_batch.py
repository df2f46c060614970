"""`treadle replay --where X`: every trace that fits, so many at a time, and a table of verdicts."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len, set_cell_size

from treadle.errors import NotFoundError, QueryError, TreadleError
from treadle.model import TraceSummary
from treadle_debugger.batch import Judged, batch_exit_code, judged, recorded_traces, run
from treadle_debugger.forecast import Forecast, forecast, together
from treadle_debugger.kept_verdicts import KeptVerdicts
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.leaving import stopping
from treadle_tui.cli.output import RowSet, write_rows
from treadle_tui.cli.replay_asking import may_go_live
from treadle_tui.cli.replay_bar import Bar, bar_on_stderr
from treadle_tui.cli.replay_options import Asked
from treadle_tui.cli.replay_rows import COLUMNS, TYPES, VerdictLines, counted, row_of
from treadle_tui.cli.table import one_line

if TYPE_CHECKING:
    from treadle_storage import Store

ID_CELLS = 8
LEAST_NAME_CELLS, MOST_NAME_CELLS = 8, 24
SENTENCE_AND_REST_CELLS = 64


def replay_batch(store: "Store", asked: Asked) -> int:
    """Replay the traces that fit, and return the exit code.

    Raises:
        NotFoundError: none fits.
        UsageError: something would go live, and there is nobody to ask.

    """
    kept = KeptVerdicts(store.path, asked.conditions)
    before = _begun(kept, asked)
    is_done = {one.replay_of for one in before}
    traces = list(recorded_traces(store, asked.where or ""))
    if not traces and not before:
        raise NotFoundError(f"no trace fits {asked.where}: `treadle traces` lists what there is")
    left = [trace for trace in traces if trace.trace_id not in is_done]
    expected = _forecasts(store, asked, left)
    if not may_go_live(together(expected.values()), yes=asked.yes):
        return Ending.UNUSABLE
    if not asked.resume:
        kept.forget()
    return _run(store, asked, kept, before, left, expected)


def _begun(kept: KeptVerdicts, asked: Asked) -> list[Judged]:
    """Return the verdicts of the batch that this one goes on with."""
    before = kept.read() if asked.resume else []
    if asked.resume and not before:
        click.echo("nothing to go on with: no verdict of such a batch is kept, so it begins anew", err=True)
    return before


def _forecasts(store: "Store", asked: Asked, traces: Sequence[TraceSummary]) -> dict[str, Forecast]:
    """Return what would go live, by trace; what cannot be replayed will say so by itself."""
    expected: dict[str, Forecast] = {}
    for trace in traces if asked.lets_go_live else ():
        try:
            expected[trace.trace_id] = forecast(store, asked.request(store, trace.trace_id))
        except QueryError:
            raise
        except TreadleError:
            continue
    return expected


def _run(
    store: "Store",
    asked: Asked,
    kept: KeptVerdicts,
    before: Sequence[Judged],
    left: Sequence[TraceSummary],
    expected: Mapping[str, Forecast],
) -> int:
    costs = {trace_id: one.most_usd for trace_id, one in expected.items() if one.most_usd is not None}
    done: list[Judged] = []
    with stopping() as told_to_stop, bar_on_stderr(len(left), costs) as bar:

        def judge(trace: TraceSummary) -> Judged:
            one = judged(store, trace, partial(asked.request, store), told_to_stop.event)
            kept.add(one)
            return one

        running = run(left, judge, jobs=asked.jobs or 1, stop=told_to_stop.event, on_tick=bar.show)
        with closing(running):
            _write(_all(before, running, done, bar), asked, [*before, *left], with_cost=bool(costs))
    return _end(asked, kept, done, told_to_stop.code, missing=len(before) + len(left) - len(done))


def _all(before: Sequence[Judged], running: Iterator[Judged], done: list[Judged], bar: Bar) -> Iterator[Judged]:
    """Yield what is known already, and what comes; the bar makes way for each."""
    for one in before:
        done.append(one)
        bar.make_way()
        yield one
    for one in running:
        done.append(one)
        bar.make_way()
        yield one
        bar.count(one)


def _write(
    verdicts: Iterator[Judged], asked: Asked, named: Sequence[Judged | TraceSummary], *, with_cost: bool
) -> None:
    if asked.output_format != "table":
        write_rows(RowSet(COLUMNS, TYPES, map(row_of, verdicts)), asked.output_format)
        return
    width = _name_cells(max(cell_len(one_line(one.name)) for one in named))
    lines = VerdictLines(sys.stdout, f"{'trace':<{ID_CELLS}}  {'name':<{width}}", with_cost=with_cost)
    for one in verdicts:
        lines.add(f"{one.replay_of[:ID_CELLS]}  {_fitted(one.name, width)}", one)
        sys.stdout.flush()


def _name_cells(longest: int) -> int:
    """Return how wide names are: on a terminal the sentence needs room too."""
    if not sys.stdout.isatty():
        return longest
    room = shutil.get_terminal_size().columns - SENTENCE_AND_REST_CELLS
    return min(longest, MOST_NAME_CELLS, max(LEAST_NAME_CELLS, room))


def _fitted(name: str, width: int) -> str:
    text = one_line(name)
    return set_cell_size(text, width) if cell_len(text) <= width else f"{set_cell_size(text, width - 1)}…"


def _end(asked: Asked, kept: KeptVerdicts, done: Sequence[Judged], stopped: int, *, missing: int) -> int:
    say: Callable[[str], None] = click.echo if asked.output_format == "table" else partial(click.echo, err=True)
    if done:
        say(f"{len(done)} {'trace' if len(done) == 1 else 'traces'}: {counted(done)}")
    if missing:
        click.echo(f"stopped: {missing} not done; the same command with --resume goes on with them", err=True)
        return stopped
    kept.forget()
    return batch_exit_code(done)
