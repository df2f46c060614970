"""Which threads of a trace are at work: counted only while a replay asks.

A replay releases answers in the recorded order when every thread that could still ask for one is waiting. How many
those are is known from the pools: of each, as many as it has workers or unfinished submissions, whichever is fewer.
"""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_lock = threading.Lock()
_unfinished: dict[ThreadPoolExecutor, int] = {}
_own_threads = 0
watched = False


def watch() -> None:
    """Begin to count: a replay does this before it runs anything."""
    global watched
    watched = True


def enter() -> None:
    """Count this thread as one that works for the trace."""
    global _own_threads
    if watched:
        with _lock:
            _own_threads += 1


def leave() -> None:
    """Count it no longer."""
    global _own_threads
    if watched:
        with _lock:
            _own_threads -= 1


def expect(future: "Future[Any]", pool: ThreadPoolExecutor) -> None:
    """Count a submission until it is done."""
    if watched:
        with _lock:
            _unfinished[pool] = _unfinished.get(pool, 0) + 1
        future.add_done_callback(lambda _: _done(pool))


def at_work() -> int:
    """Return how many threads, beside the one that submitted, are running or about to run for the trace."""
    with _lock:
        expected = sum(min(count, pool._max_workers) for pool, count in _unfinished.items())  # noqa: SLF001
        return max(expected, _own_threads)


def _done(pool: ThreadPoolExecutor) -> None:
    with _lock:
        _unfinished[pool] -= 1
        if not _unfinished[pool]:
            del _unfinished[pool]
