"""Which threads of a trace are at work: counted only while a replay asks.

A replay releases answers in the recorded order when every thread that could still ask for one is waiting. How many
those are is known where they are submitted: of each pool as many as it has workers or unfinished submissions,
whichever is fewer, and every thread that was started by itself.
"""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import CodeType, FrameType
from typing import Any

_WAIT = threading.Condition.wait.__code__
_START = threading.Thread.start.__code__
"""Read when this is first imported: before `treadle.propagation` wraps `start`."""

_lock = threading.Lock()
_unfinished: dict[ThreadPoolExecutor, int] = {}
_threads = 0
_submitters: set[int] = set()
_changed: Callable[[], None] | None = None


def watch(changed: Callable[[], None]) -> None:
    """Begin to count, and call `changed` whenever there is one more or one less at work."""
    global _changed
    _changed = changed


def expect(future: "Future[Any]", pool: ThreadPoolExecutor) -> None:
    """Count a submission to a pool until it is done."""
    if _changed is not None:
        with _lock:
            _unfinished[pool] = _unfinished.get(pool, 0) + 1
            _submitters.add(threading.get_ident())
        _changed()
        future.add_done_callback(lambda _: _done(pool))


def expect_thread() -> None:
    """Count a thread that is about to be started."""
    global _threads
    if _changed is not None:
        with _lock:
            _threads += 1
            _submitters.add(threading.get_ident())
        _changed()


def thread_done() -> None:
    """Count it no longer."""
    global _threads
    if _changed is not None:
        with _lock:
            _threads -= 1
        _changed()


def at_work() -> int:
    """Return how many threads, beside those that submitted them, run or are about to run for the trace."""
    with _lock:
        return _threads + sum(min(count, pool._max_workers) for pool, count in _unfinished.items())  # noqa: SLF001


def submitters_are_parked(*, but: set[int]) -> bool:
    """Tell whether every thread that submits work is blocked, and nothing has woken it yet.

    That is certain only for `threading.Condition.wait`, which futures, queues and events wait in: its own lock is
    still held. `but` are threads that wait for an answer, by identity.
    """
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see that another thread is blocked
    with _lock:
        others = [frames[thread] for thread in _submitters - but if thread in frames]
    return all(_is_parked(frame) for frame in others)


def _is_parked(frame: FrameType) -> bool:
    if frame.f_code is not _WAIT or _is_called_from(frame, _START):
        return False
    waiter = frame.f_locals.get("waiter")
    return waiter is not None and waiter.locked()


def _is_called_from(frame: FrameType | None, code: CodeType) -> bool:
    """Look a few frames up: a starting thread is waited for in `Event.wait`, in `Condition.wait`."""
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False


def _done(pool: ThreadPoolExecutor) -> None:
    with _lock:
        _unfinished[pool] -= 1
        if not _unfinished[pool]:
            del _unfinished[pool]
    if _changed is not None:
        _changed()
