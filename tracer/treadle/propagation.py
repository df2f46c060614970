"""A child hangs under the call that submitted it: through tasks, threads and thread pools.

Three submission points of the standard library are wrapped, once, when the first traced call is made. Outside a
traced call each does what it did before. Only Treadle's lane and OpenTelemetry's context are carried into threads,
never the user's own context variables.
"""

import contextlib
import contextvars
import functools
import threading
from asyncio import BaseEventLoop
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from treadle import crew
from treadle.clock import now_ns
from treadle.lanes import CURRENT, Lane
from treadle.otel import current

_installed = False


async def _nothing() -> AsyncGenerator[None, None]:
    yield


def _type_of_closing() -> type:
    closing = _nothing().aclose()
    closing.close()  # since Python 3.13 it warns where it is left as it is
    return type(closing)


_CLOSING = _type_of_closing()
"""What the event loop makes a task of when an async generator is collected: no submission of the user's."""


def install() -> None:
    """Wrap the submission points of this process; a second time does nothing."""
    global _installed
    if _installed:
        return
    _installed = True
    _wrap_create_task()
    _wrap_submit()
    _wrap_thread_start()


class Carried:
    """A function to be run in another thread, under the call that submitted it."""

    __slots__ = ("_context", "_function", "_lane")

    def __init__(self, function: Callable[..., Any], lane: Lane) -> None:
        self._function = function
        self._lane = lane
        self._context = current.captured()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function, with the submitting call current."""
        _enter_copied_context(self._function, self._lane)
        token = CURRENT.set(self._lane)
        otel_token = current.attach_context(self._context)
        crew.enter()
        try:
            return self._function(*args, **kwargs)
        finally:
            crew.leave()
            current.detach(otel_token)
            CURRENT.reset(token)


def _enter_copied_context(function: Any, lane: Lane) -> None:
    """`asyncio.to_thread` submits `partial(Context.run, ...)`: the lane must be set in that copied context too."""
    if isinstance(function, functools.partial):
        owner = getattr(function.func, "__self__", None)
        if isinstance(owner, contextvars.Context):
            owner.run(CURRENT.set, lane)


def _wrap_create_task() -> None:
    original = BaseEventLoop.create_task

    @functools.wraps(original)
    def create_task(self: Any, coro: Any, **options: Any) -> Any:
        lane = CURRENT.get()
        if lane is None or type(coro) is _CLOSING:
            return original(self, coro, **options)
        context = options.pop("context", None)
        if context is None:
            context = contextvars.copy_context()
        with contextlib.suppress(RuntimeError):  # it is entered already: the task shares it, and the lane in it
            context.run(CURRENT.set, lane.submitted())
        return original(self, coro, context=context, **options)

    BaseEventLoop.create_task = create_task  # type: ignore[method-assign]


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
        future.add_done_callback(lambda _: submitted.done(now_ns()))
        crew.expect(future, self)
        return future

    ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]


def _wrap_thread_start() -> None:
    original = threading.Thread.start

    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        lane = CURRENT.get()
        if lane is None:
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
