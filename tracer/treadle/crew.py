"""Which threads of a trace are at work: counted only while a replay asks.

A replay releases answers in the recorded order when every thread that could still ask for one is waiting. How many
those are is known where they are submitted: of each pool as many as it has workers or unfinished submissions,
whichever is fewer, and every thread that was started by itself.
"""

import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import FrameType
from typing import Any

_WAIT = threading.Condition.wait.__code__
_START = threading.Thread.start.__code__
"""Read when this is first imported: before `treadle.propagation` wraps `start`."""
_JOIN = getattr(threading.Thread, "_wait_for_tstate_lock", threading.Thread.join).__code__
"""Where who joins a thread waits: since Python 3.13 in `join` itself."""

_lock = threading.RLock()
"""Taken again by a signal handler or a `__del__` that makes a traced call while it is held."""
_unfinished: dict[object, int] = {}
"""By pool: how many submissions are not done."""
_workers: dict[object, int] = {}
"""By pool that has unfinished submissions: how many threads it has at most."""
_started_threads = 0
_working: set[int] = set()
_submitters: set[int] = set()
_idle: set[int] = set()
"""Threads whose event loop waits for something to happen."""
_changed: Callable[[], None] | None = None


def watch(changed: Callable[[], None]) -> None:
    """Begin to count, and call `changed` whenever there is one more or one less at work."""
    global _changed
    _changed = changed


def expect(future: "Future[Any]", pool: ThreadPoolExecutor) -> None:
    """Count a submission to a pool until it is done."""
    if _changed is not None:
        expect_task(pool, pool._max_workers)  # noqa: SLF001 - how many threads there are
        future.add_done_callback(lambda _: task_done(pool))


def expect_task(pool: object, workers: int) -> None:
    """Count a task of a pool with so many threads, until `task_done`."""
    if _changed is not None:
        with _lock:
            _unfinished[pool] = _unfinished.get(pool, 0) + 1
            _workers[pool] = workers
            _submitters.add(threading.get_ident())
        _changed()


def task_done(pool: object) -> None:
    """Count it no longer."""
    with _lock:
        if pool not in _unfinished:  # submitted before anybody counted
            return
        _unfinished[pool] -= 1
        if not _unfinished[pool]:
            del _unfinished[pool], _workers[pool]
    if _changed is not None:
        _changed()


def expect_thread() -> None:
    """Count a thread that is about to be started."""
    global _started_threads
    if _changed is not None:
        with _lock:
            _started_threads += 1
            _submitters.add(threading.get_ident())
        _changed()


def thread_done() -> None:
    """Count it no longer."""
    global _started_threads
    if _changed is not None:
        with _lock:
            _started_threads -= 1
        _changed()


def enter() -> None:
    """Know this thread as one that works for the trace."""
    if _changed is not None:
        with _lock:
            _working.add(threading.get_ident())


def leave() -> None:
    """Know it no longer."""
    if _changed is not None:
        with _lock:
            _working.discard(threading.get_ident())


def loop_waits(thread: int) -> None:
    """Note that the event loop of a thread has nothing to do until something happens."""
    _idle.add(thread)


def loop_goes_on(thread: int) -> None:
    """Note that it has, or is about to have: whoever wakes it says so before."""
    _idle.discard(thread)


def is_blocked(thread: int) -> bool:
    """Tell whether a thread waits for another, and runs no event loop meanwhile."""
    frames = sys._current_frames()  # noqa: SLF001 - as below
    return _is_parked(thread, frames)


def has_tasks() -> bool:
    """Tell whether a pool has something to do for the trace."""
    return bool(_unfinished)


def is_alone() -> bool:
    """Tell whether no thread works for the trace beside the one that asks."""
    with _lock:
        return not _started_threads and not _unfinished


def all_wait(answers_for: set[int]) -> bool:
    """Tell whether every thread of the trace waits: those named, by identity, for an answer, the others for them."""
    frames = sys._current_frames()  # noqa: SLF001 - the only way to see that another thread is blocked
    with _lock:
        at_work = _started_threads + sum(min(count, _workers[pool]) for pool, count in _unfinished.items())
        working = set(_working)
        submitters = _submitters - working - answers_for
    waiting = sum(thread in answers_for or _is_parked(thread, frames) for thread in working)
    return waiting >= at_work and all(
        thread in _idle or _is_parked(thread, frames) for thread in submitters if thread in frames
    )


def _is_parked(thread: int, frames: Mapping[int, FrameType]) -> bool:
    """Tell whether a thread is blocked and nothing has woken it yet.

    That is certain only for `threading.Condition.wait`, in which futures, queues and events wait, and for
    `Thread.join`. In the first the lock of the waiter is still held. Who was woken holds it again, while he waits for
    the condition's own.
    """
    frame = frames.get(thread)
    if frame is not None and frame.f_code is _JOIN:
        return _is_joining(frame, frames)
    if frame is None or frame.f_code is not _WAIT or _is_starting_a_thread(frame):
        return False
    held = frame.f_locals
    waiter = held.get("waiter")
    return waiter is not None and waiter.locked() and not held.get("gotit")


def _is_joining(frame: FrameType, frames: Mapping[int, FrameType]) -> bool:
    """Tell whether the joined thread still runs; to ask `is_alive` does not wait for it.

    The number of one that has ended may be another's by now, while who joined it has not woken yet: so it is looked up
    among those that run.
    """
    held = frame.f_locals
    joined = held.get("self")
    waits = held.get("block", True) and held.get("timeout") != 0
    if not waits or joined is None or joined.ident not in frames:
        return False
    return threading._active.get(joined.ident) is joined  # type: ignore[attr-defined]  # noqa: SLF001 - `is_alive` takes its lock


def _is_starting_a_thread(frame: FrameType | None) -> bool:
    """Look a few frames up: `Thread.start` waits in `Event.wait`, and that in `Condition.wait`."""
    for _ in range(4):
        if frame is None:
            return False
        if frame.f_code is _START:
            return True
        frame = frame.f_back
    return False


def _forget_in_child() -> None:
    """After a fork: the threads are the parent's, and one of them may have held the lock."""
    global _lock, _started_threads, _changed
    _lock = threading.RLock()
    _started_threads, _changed = 0, None
    for counted in (_unfinished, _workers, _working, _submitters, _idle):
        counted.clear()


os.register_at_fork(after_in_child=_forget_in_child)
