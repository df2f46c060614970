"""What a signal raises comes up in whatever code runs at that moment, and is the program's where that code is ours.

Besides Ctrl-C it is what the program's own handlers raise: a time limit, an exit. They are known by their code among
the frames that the exception came through; nothing else tells it from a fault of the code that it came up in.
"""

import functools
import sys
import types
from collections.abc import Iterator
from typing import Any, TypeGuard

from treadle.tracebacks import trace_of

MOST_LAYERS = 10
"""Of decorators and partials around a handler."""


def raised(error: BaseException) -> bool:
    """Tell whether a signal raised an exception."""
    if issubclass(type(error), KeyboardInterrupt):
        return True
    signals = sys.modules.get("signal")  # a program that has handlers has imported it
    if signals is None:
        return False
    came_through = set(_codes_of_frames(trace_of(error)))
    return any(
        code in came_through for number in signals.valid_signals() for code in _codes_of(signals.getsignal(number))
    )


def is_fault(error: BaseException) -> TypeGuard[Exception]:
    """Tell whether an exception is the fault of the code that it came up in, and does not end the program."""
    return issubclass(type(error), Exception) and not raised(error)


def pass_on(error: BaseException) -> None:
    """Raise an exception on if a signal raised it."""
    if raised(error):
        raise error


def _codes_of_frames(trace: types.TracebackType | None) -> Iterator[int]:
    while trace is not None:
        yield id(trace.tb_frame.f_code)
        trace = trace.tb_next


def _codes_of(handler: Any) -> Iterator[int]:
    """Yield what names the code of a handler, and of the functions that it wraps."""
    for _ in range(MOST_LAYERS):
        cls = type(handler)
        if cls is types.FunctionType:
            yield id(handler.__code__)
            handler = vars(handler).get("__wrapped__")
        elif cls is types.MethodType:
            handler = handler.__func__
        elif cls is functools.partial:
            handler = handler.func
        elif callable(handler):
            handler = next((vars(base)["__call__"] for base in cls.__mro__ if "__call__" in vars(base)), None)
        else:
            return
