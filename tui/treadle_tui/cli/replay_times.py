"""`treadle replay --times N`: the same replay again and again, and how often it failed."""

import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from treadle.errors import ReplayStoppedError
from treadle_debugger.batch import Judged, told
from treadle_debugger.replaying import Control, replay
from treadle_debugger.request import Request
from treadle_debugger.spending import saved_usd
from treadle_tui import figures
from treadle_tui.cli.endings import Ending
from treadle_tui.cli.leaving import Stopping, stopping
from treadle_tui.cli.output import RowSet, write_json, write_rows
from treadle_tui.cli.replay_result import Replayed, document
from treadle_tui.cli.replay_rows import COLUMNS, TYPES, VerdictLines, row_of

if TYPE_CHECKING:
    from treadle_storage import Store

Run = tuple[Judged, dict[str, Any]]
"""What a replay showed, in short and in full."""
ID_CELLS = 8


def replay_times(store: "Store", request: Request, times: int, output_format: str, *, with_cost: bool) -> int:
    """Replay so often, one after another, and return the exit code: 1 where any failed.

    What cannot be replayed, or is refused, will be so each time: that ends it.
    """
    with stopping() as told_to_stop, closing(_runs(store, request, times, told_to_stop)) as runs:
        if output_format == "table":
            done = _print(runs, times, with_cost=with_cost)
        elif output_format == "json":
            done = _write_document(runs)
        else:
            done = []
            write_rows(RowSet(COLUMNS, TYPES, (row_of(one) for one in _kept(runs, done))), output_format)
    if told_to_stop.code:
        click.echo(f"stopped: {len(done)} of {times} are done", err=True)
        return told_to_stop.code
    return max((one.exit_code for one in done), default=Ending.UNUSABLE)


def _runs(store: "Store", request: Request, times: int, told_to_stop: Stopping) -> Generator[Run, None, None]:
    trace = store.trace(request.trace_id)
    for _ in range(times):
        try:
            result = replay(store, request, output=subprocess.DEVNULL, control=Control(stop=told_to_stop.event))
        except ReplayStoppedError:
            return
        one = told(store, trace, result)
        saved = saved_usd(store, request.trace_id, result.calls)
        yield one, document(Replayed(request.trace_id, result, one.cost_usd, saved))
        if one.exit_code == Ending.UNUSABLE or told_to_stop.code:
            return


def _kept(runs: Iterator[Run], done: list[Judged]) -> Iterator[Judged]:
    for one, _ in runs:
        done.append(one)
        yield one


def _print(runs: Iterator[Run], times: int, *, with_cost: bool) -> list[Judged]:
    done: list[Judged] = []
    cells = len(f"{times}/{times}")
    lines = VerdictLines(sys.stdout, f"{'':<{cells}}  {'trace':<{ID_CELLS}}", with_cost=with_cost)
    for one in _kept(runs, done):
        number = f"{len(done)}/{times}"
        lines.add(f"{number:>{cells}}  {(one.trace_id or '')[:ID_CELLS]:<{ID_CELLS}}", one)
        sys.stdout.flush()
    if done:
        lines.say(_in_words(done))
    return done


def _write_document(runs: Iterator[Run]) -> list[Judged]:
    every = list(runs)
    done = [one for one, _ in every]
    write_json(
        {
            "replay_of": done[0].replay_of if done else None,
            "times": len(done),
            "failed": _failures(done),
            "mean_s": _mean([one.elapsed_s for one in done]),
            "mean_cost_usd": _mean([one.cost_usd for one in done]),
            "replays": [full for _, full in every],
        }
    )
    return done


def _in_words(done: Sequence[Judged]) -> str:
    said = [f"{_failures(done)} of {len(done)} failed"]
    mean_s, mean_usd = _mean([one.elapsed_s for one in done]), _mean([one.cost_usd for one in done])
    if mean_s is not None:
        said.append(f"{figures.duration_text(int(mean_s * 1e9))} each")
    if mean_usd is not None:
        said.append(f"{figures.money(mean_usd)} each")
    return ", ".join(said)


def _failures(done: Sequence[Judged]) -> int:
    return sum(one.exit_code != Ending.DONE for one in done)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
