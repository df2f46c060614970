"""A function that is carried to another thread or process, to be run there under the call that submitted it.

Treadle's lane and OpenTelemetry's context are carried, never the user's own context variables.
"""

import contextvars
import functools
from collections.abc import Callable
from typing import Any

from treadle import crew, guard
from treadle.lanes import CURRENT, Lane
from treadle.propagation import contexts, travelling
from treadle.tracebacks import restored, trace_of


class Carried:
    """Runs a function under the call that submitted it, in a thread or, pickled, in another process."""

    __slots__ = ("_context", "_function", "_lane")

    def __init__(self, function: Callable[..., Any], lane: Lane, context: Any = None) -> None:
        """`context` is OpenTelemetry's, where it is not the current one."""
        self._function = function
        self._lane = lane
        self._context = contexts.captured() if context is None else context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function, with the submitting call current."""
        lane = self.lane()
        _enter_copied_context(self._function, lane)
        token = CURRENT.set(lane)
        otel_token = contexts.attach(self._context)
        crew.enter()
        try:
            return self._function(*args, **kwargs)
        except BaseException as error:
            restored(error, trace.tb_next if (trace := trace_of(error)) is not None else None)
            raise
        finally:
            crew.leave()
            contexts.detach(otel_token)
            CURRENT.reset(token)

    def lane(self) -> Lane:
        """Return the lane to run in."""
        return self._lane

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the function and where it was submitted."""
        return travelling.pickled(__name__, self._function, self._lane, self._context)


def arrive(function: Callable[..., Any], *sent: str) -> Callable[..., Any]:
    """Take a function that another process submitted."""
    return arrive_as(Carried, function, *sent)


def arrive_as(carrier: type[Carried], function: Callable[..., Any], *sent: str) -> Callable[..., Any]:
    """Take a function, to be run by a carrier of this type; where that fails, the function as it is."""
    lane = guard.attempt(lambda: travelling.unpickled(*sent))
    return carrier(function, lane, contexts.of_remote(lane)) if lane is not None else function


def _enter_copied_context(function: Any, lane: Lane) -> None:
    """`asyncio.to_thread` submits `partial(Context.run, ...)`: the lane must be set in that copied context too."""
    if isinstance(function, functools.partial):
        owner = getattr(function.func, "__self__", None)
        if isinstance(owner, contextvars.Context):
            owner.run(CURRENT.set, lane)
