"""Threads and thread pools: what runs in them hangs under the call that submitted it."""

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from treadle import crew
from treadle.clock import now_ns
from treadle.lanes import CURRENT, Lane
from treadle.propagation.carried import Carried
from treadle.propagation.initializers import wrap_pool
from treadle.tracebacks import restored, trace_of

_NOBODY = object()
_asking = threading.local()
"""The `pool` that a loop of this thread submits to, None for the loop's own, and what it has `submitted` so far."""
_PENDING = ("PENDING", "RUNNING")
_SHARED_WORKERS = frozenset({("anyio._backends._asyncio", "WorkerThread")})
"""Threads that work for whoever comes, each piece in the context of its own submitter: they belong to no call."""


def install() -> None:
    """Wrap the submission points of threads."""
    _wrap_submit()
    _wrap_thread_start()
    wrap_pool(ThreadPoolExecutor, position=2)


def _wrap_submit() -> None:
    original: Callable[..., Future[Any]] = ThreadPoolExecutor.submit

    @functools.wraps(original)
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        lane = CURRENT.get()
        if lane is None:
            return original(self, fn, *args, **kwargs)
        submitted = lane.submitted()
        carried = Carried(fn, submitted)
        token = CURRENT.set(None)
        try:
            future = original(self, carried, *args, **kwargs)
        finally:
            CURRENT.reset(token)
        _note_when_done(future, submitted)
        if getattr(_asking, "pool", _NOBODY) in (None, self):
            _asking.submitted = future, self, submitted
        else:
            crew.expect(future, self)
        return future

    ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]


def wrap_run_in_executor(loop: Any) -> None:
    """Wrap where an event loop submits to threads."""
    original = loop.run_in_executor

    @functools.wraps(original)
    def run_in_executor(self: Any, executor: Any, *args: Any, **kwargs: Any) -> Any:
        _asking.pool, _asking.submitted = executor, None
        try:
            future = original(self, executor, *args, **kwargs)
        finally:
            submission, _asking.pool, _asking.submitted = _asking.submitted, _NOBODY, None
        if submission is not None:
            _follow_into_loop(future, *submission)
        return future

    loop.run_in_executor = run_in_executor


def _follow_into_loop(seen: Any, future: "Future[Any]", pool: ThreadPoolExecutor, submitted: Lane) -> None:
    """Note when the loop is told that a thread is done, among what ends in the loop: so its tasks see it.

    It is counted as at work until the loop has been woken.
    """
    seen.add_done_callback(lambda _: submitted.done(now_ns()))
    crew.expect(future, pool)


class _Note:
    """Stands first among those that wait for a future, and notes when it was done as the others are told of it.

    A callback comes too late: between telling `as_completed` and calling back a thread may have to wait, and another
    future be told of and called back for meanwhile.
    """

    def __init__(self, submitted: Lane) -> None:
        self._submitted = submitted

    def add_result(self, _: Any) -> None:
        """Note it."""
        self._submitted.done(now_ns())

    add_exception = add_cancelled = add_result


def _note_when_done(future: "Future[Any]", submitted: Lane) -> None:
    with future._condition:  # noqa: SLF001 - where `concurrent.futures.wait` and `as_completed` wait, too
        if future._state in _PENDING:  # noqa: SLF001 - as above
            future._waiters.insert(0, _Note(submitted))  # type: ignore[arg-type]  # noqa: SLF001 - as above
        else:
            submitted.done(now_ns())


def _wrap_thread_start() -> None:
    original = threading.Thread.start

    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        lane = CURRENT.get()
        if lane is None or (type(self).__module__, type(self).__name__) in _SHARED_WORKERS:
            original(self)
            return
        own = vars(self).get("run")
        self.run = _counted(self, Carried(self.run, lane.submitted()), own)  # type: ignore[method-assign]
        crew.expect_thread()
        try:
            original(self)
        except RuntimeError:  # there can be no more threads, or it was started before
            _put_back(self, own)
            crew.thread_done()
            raise

    threading.Thread.start = start  # type: ignore[method-assign]


def _counted(thread: threading.Thread, run: Carried, own: Callable[[], None] | None) -> Callable[[], None]:
    def counted() -> None:
        try:
            run()
        except BaseException as error:
            restored(error, trace.tb_next if (trace := trace_of(error)) is not None else None)
            raise
        finally:
            _put_back(thread, own)
            crew.thread_done()

    return counted


def _put_back(thread: threading.Thread, own: Callable[[], None] | None) -> None:
    """Take our `run` out again: it holds the thread, and the call that started it."""
    if own is None:
        vars(thread).pop("run", None)
    else:
        thread.run = own  # type: ignore[method-assign]
