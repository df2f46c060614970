"""Which threads of a trace are at work: counted only while a replay asks.

A replay releases answers in the recorded order when every thread that could still ask for one is waiting. How many
those are is known where they are submitted: of each pool as many as it has workers or unfinished submissions,
whichever is fewer, and every thread that was started by itself.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_lock = threading.Lock()
_unfinished: dict[ThreadPoolExecutor, int] = {}
_threads = 0
_finished: Callable[[], None] | None = None


def watch(finished: Callable[[], None]) -> None:
    """Begin to count, and call `finished` whenever there is one less at work."""
    global _finished
    _finished = finished


def expect(future: "Future[Any]", pool: ThreadPoolExecutor) -> None:
    """Count a submission to a pool until it is done."""
    if _finished is not None:
        with _lock:
            _unfinished[pool] = _unfinished.get(pool, 0) + 1
        future.add_done_callback(lambda _: _done(pool))


def expect_thread() -> None:
    """Count a thread that is about to be started."""
    global _threads
    if _finished is not None:
        with _lock:
            _threads += 1


def thread_done() -> None:
    """Count it no longer."""
    global _threads
    if _finished is not None:
        with _lock:
            _threads -= 1
        _finished()


def at_work() -> int:
    """Return how many threads, beside those that submitted them, run or are about to run for the trace."""
    with _lock:
        return _threads + sum(min(count, pool._max_workers) for pool, count in _unfinished.items())  # noqa: SLF001


def _done(pool: ThreadPoolExecutor) -> None:
    with _lock:
        _unfinished[pool] -= 1
        if not _unfinished[pool]:
            del _unfinished[pool]
    if _finished is not None:
        _finished()
