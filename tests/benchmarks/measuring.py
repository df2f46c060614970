"""How the benchmarks measure: both sides by turns, in many short rounds, and the median of the rounds."""

import statistics
import time
from collections.abc import Callable


def by_turns(
    *sides: Callable[[], object], rounds: int = 21, clock: Callable[[], float] = time.thread_time
) -> list[float]:
    """Return the median CPU seconds of each side, measured by turns; of this thread unless `clock` says otherwise."""
    spent: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for times, side in zip(spent, sides, strict=True):
            started = clock()
            side()
            times.append(clock() - started)
    return [statistics.median(times) for times in spent]


def say(what: str, figure: str, promise: str) -> None:
    """Print one result beside its promise."""
    print(f"{what:<58} {figure:<46} promised: {promise}", flush=True)
