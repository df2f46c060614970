"""How the benchmarks measure: both sides by turns, in many short rounds, and the median of the rounds."""

import statistics
import time
from collections.abc import Callable


def by_turns(*sides: Callable[[], None], rounds: int = 21) -> list[float]:
    """Return the median CPU seconds of this thread for each side, measured by turns."""
    spent: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for times, side in zip(spent, sides, strict=True):
            started = time.thread_time()
            side()
            times.append(time.thread_time() - started)
    return [statistics.median(times) for times in spent]


def say(what: str, figure: str, promise: str) -> None:
    """Print one result beside its promise."""
    print(f"{what:<58} {figure:<34} promised: {promise}", flush=True)
