"""The wrappers of functions and coroutine functions.

A wrapper names only what it closes over: it is given the globals of the user's module, where other names are theirs.
It takes its own entry out of the traceback of what passes through, and lets go of the arguments before the function
runs. It is set back in C: an exception of the user's may refuse to be assigned to.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from treadle import tracebacks
from treadle.disguise import dressed
from treadle.importlib_bootstrap.spreading import CALLERS, IS_NEEDED
from treadle.starting import SILENT, begin

if TYPE_CHECKING:
    from treadle.functions import Traced


def function(traced: Traced) -> Callable[..., Any]:
    """Return the wrapper of a function."""
    function, start, silent = traced.function, begin, SILENT
    is_written_out, callers, count, each, kind = IS_NEEDED, CALLERS, len, map, type
    anything, restored, trace_of = BaseException, tracebacks.restored, tracebacks.trace_of

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = silent
        try:
            call = start(traced, args, kwargs)
            if call.answer is not None:
                if call.answer.held is None:
                    return call.answer.deliver(call)
                args, kwargs = call.answer.arguments(traced)
            call.resume()
            if (
                (kwargs or args[3:])
                and is_written_out
                and (caller := callers[count(args), *each(kind, kwargs), *kwargs])
            ):
                call.extra_frames = 1
                rest = [*args, *kwargs.values()]
                rest.reverse()
                del args, kwargs
                result = caller(function, rest.pop)
            elif kwargs or args[3:]:
                every, named = [args], [kwargs]
                del args, kwargs
                result = function(*every.pop(), **named.pop())
            elif args[2:]:
                rest = [*args]
                del args
                result = function(rest.pop(0), rest.pop(0), rest.pop())
            elif args[1:]:
                rest = [*args]
                del args
                result = function(rest.pop(0), rest.pop())
            elif args:
                rest = [*args]
                del args
                result = function(rest.pop())
            else:
                result = function()
            call.suspend()
            call.end(result)
            return result
        except anything as error:
            try:
                call.break_off(error)
            finally:
                call.break_off(error)
                restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    return dressed(wrapper, traced)


def coroutine(traced: Traced) -> Callable[..., Any]:
    """Return the wrapper of a coroutine function.

    It is a plain function, flagged as one that makes coroutines, because a wrong call must raise at once.
    """
    function, start, silent, fits = traced.function, begin, SILENT, traced.fits
    anything, restored, trace_of = BaseException, tracebacks.restored, tracebacks.trace_of
    too_deep = RecursionError

    async def awaited(args: Any, kwargs: Any, made: Any = None) -> Any:
        call = silent
        try:
            call = start(traced, args, kwargs)
            if call.answer is not None:
                if call.answer.held is None:
                    return await call.answer.deliver_later(call)
                made, (args, kwargs) = None, call.answer.arguments(traced)
            call.resume()
            inner = made or function(*args, **kwargs)
            del args, kwargs
            result = await inner
            call.suspend()
            call.end(result)
            return result
        except anything as error:
            try:
                call.break_off(error)
            finally:
                call.break_off(error)
                restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    make = dressed(awaited, traced)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            if fits(args, kwargs):
                return make(args, kwargs)
        except too_deep:  # to make a coroutine takes no frame: when it runs the stack may be another
            return make(args, kwargs)
        try:
            return make(args, kwargs, function(*args, **kwargs))
        except anything as error:
            restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    return dressed(wrapper, traced, flags=inspect.CO_COROUTINE)
