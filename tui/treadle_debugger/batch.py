"""Many replays: each is judged by itself, and what cannot be replayed is a verdict and no end of the batch.

Replays run in processes of their own, so a thread for each that runs is enough: it waits for its child.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import JournalError, RefusedError, ReplayError, ReplayStoppedError, UsageError
from treadle.model import TraceSummary
from treadle_debugger.replaying import Control, Result, replay
from treadle_debugger.request import Request
from treadle_debugger.spending import spent_usd
from treadle_debugger.verdict import Verdict

if TYPE_CHECKING:
    from treadle_storage import Store

TICK_S = 0.2
"""How often whoever watches a batch is told that it still runs."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one replay of many showed."""

    replay_of: str
    name: str
    verdict: Verdict
    sentence: str
    exit_code: int
    trace_id: str | None
    """The new trace; None where nothing ran."""
    elapsed_s: float
    recorded_s: float | None
    cost_usd: float | None
    """What the replay cost, as far as it is known."""


def recorded_traces(store: "Store", where: str, *, page: int = 500) -> Iterator[TraceSummary]:
    """Yield the traces that a condition holds for, the newest first; replays are none of them."""
    before: TraceSummary | None = None
    while found := store.traces(limit=page, before=before, where=where):
        yield from (trace for trace in found if trace.replay_of is None)
        before = found[-1]


def judged(store: "Store", trace: TraceSummary, request: Callable[[str], Request], stop: threading.Event) -> Judged:
    """Replay a trace, and return what came of it.

    Raises:
        ReplayStoppedError: `stop` was set.

    """
    started = time.monotonic()
    try:
        result = replay(store, request(trace.trace_id), output=subprocess.DEVNULL, control=Control(stop=stop))
    except ReplayStoppedError:
        raise
    except (ReplayError, UsageError, JournalError) as error:
        verdict: Verdict = "refused" if isinstance(error, RefusedError) else "not replayable"
        took_s = time.monotonic() - started
        return Judged(trace.trace_id, trace.name, verdict, str(error), error.exit_code, None, took_s, None, None)
    return told(store, trace, result)


def told(store: "Store", trace: TraceSummary, result: Result) -> Judged:
    """Return what a replay of a trace showed, with what it cost."""
    return Judged(
        replay_of=trace.trace_id,
        name=trace.name,
        verdict=result.verdict,
        sentence=result.sentence,
        exit_code=result.exit_code,
        trace_id=result.trace_id,
        elapsed_s=result.elapsed_s,
        recorded_s=result.recorded_s,
        cost_usd=spent_usd(store, result.trace_id),
    )


def run(
    traces: Sequence[TraceSummary],
    judge: Callable[[TraceSummary], Judged],
    *,
    jobs: int,
    stop: threading.Event,
    on_tick: Callable[[], None],
) -> Generator[Judged, None, None]:
    """Judge traces, so many at a time, and yield what came of them as they end; `stop` ends those that run."""
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(judge, trace) for trace in traces}
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=TICK_S, return_when=FIRST_COMPLETED)
                for future in ended:
                    error = future.exception()
                    if error is None:
                        yield future.result()
                    elif not isinstance(error, ReplayStoppedError):
                        raise error
                if stop.is_set():
                    waiting = {future for future in waiting if not future.cancel()}
                on_tick()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def batch_exit_code(batch: Sequence[Judged]) -> int:
    """Return 0: all is well; 2: none could be replayed; 1: something failed, or could not be replayed."""
    codes = {one.exit_code for one in batch}
    return codes.pop() if len(codes) == 1 else 1
