"""Tasks of an event loop: each hangs under the call that created it, in the place of its creation."""

import contextlib
import contextvars
import functools
from collections.abc import AsyncGenerator, Callable
from typing import Any

from treadle.clients.importing import when_imported
from treadle.lanes import CURRENT, Lane
from treadle.propagation import contexts
from treadle.propagation.threads import wrap_run_in_executor


async def _nothing() -> AsyncGenerator[None, None]:
    yield


_closing = _nothing().aclose()
_closing.close()  # since Python 3.13 one that is never awaited is complained of
_CLOSING = type(_closing)
"""What the event loop makes a task of when an async generator is collected: no submission of the user's."""


def install() -> None:
    """Wrap the loops that are imported, or will be."""
    when_imported("asyncio.base_events", lambda module: _wrap(module.BaseEventLoop))
    when_imported("uvloop", lambda module: _wrap(module.Loop))


def _wrap(loop: Any) -> None:
    _wrap_create_task(loop)
    wrap_run_in_executor(loop)


def _wrap_create_task(loop: Any) -> None:
    original = loop.create_task

    @functools.wraps(original)
    def create_task(self: Any, coro: Any, **options: Any) -> Any:
        lane = CURRENT.get()
        context = options.get("context")
        if type(coro) is _CLOSING:
            return original(self, coro, **options)
        if context is not None:
            return _create_in(context, lane, lambda: original(self, coro, **options))
        if lane is None:
            return original(self, coro, **options)
        token = CURRENT.set(lane.submitted())  # the task copies the context, also where a factory makes it
        try:
            return original(self, coro, **options)
        finally:
            CURRENT.reset(token)

    loop.create_task = create_task


def _create_in(context: contextvars.Context, lane: Lane | None, create: Callable[[], Any]) -> Any:
    """Create a task in a context that the user chose: it is borrowed, and given back when the task is done.

    A context that has a lane of its own keeps its call: it was copied inside that. A runner's has none.
    """
    parent = context.get(CURRENT) or lane
    if parent is None:
        return create()
    try:
        loan = context.run(_Loan, parent.submitted(), contexts.captured())
    except RuntimeError:  # it is entered already: the task shares it, and the lane in it
        return create()
    try:
        task = create()
    except BaseException:
        loan.give_back(context)
        raise
    task.add_done_callback(lambda _: loan.give_back(context))
    return task


class _Loan:
    """A lane and a span in a context that is not ours; made inside it."""

    __slots__ = ("_lane", "before", "otel_token")

    def __init__(self, lane: Lane, span: Any) -> None:
        self._lane = lane
        self.before = CURRENT.get()
        CURRENT.set(lane)
        otel = contexts.remote()
        self.otel_token = contexts.attach(span) if otel is not None and otel.span_in(None) is None else None
        _loans.append(self)

    def give_back(self, context: contextvars.Context) -> None:
        """Leave the context as it was; where another task has borrowed it since, that one will."""
        _loans.remove(self)
        for later in tuple(_loans):
            if later.before is self._lane:
                later.before, later.otel_token = self.before, self.otel_token or later.otel_token
                return
        with contextlib.suppress(RuntimeError):  # a task that shares it runs in another thread
            context.run(self._restore)

    def _restore(self) -> None:
        contexts.detach(self.otel_token)
        CURRENT.set(self.before)


_loans: list[_Loan] = []
"""What is lent now."""
