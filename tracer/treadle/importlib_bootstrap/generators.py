"""The wrappers of generator functions and async generator functions.

A wrapper must know where its generator was made, not where it is first resumed, so it is a plain function whose code
carries the generator's flag: since Python 3.11 the flag tells only `inspect` what the function is. Chunks and what is
sent pass through lists that are emptied at once, so that nothing here keeps them alive. `GeneratorExit` is handed on
like any other exception: what the user's generator makes of it is what the consumer sees.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from treadle import tracebacks
from treadle.disguise import dressed, flags_of
from treadle.starting import SILENT, begin, place_of_now

if TYPE_CHECKING:
    from treadle.functions import Traced


def generator(traced: Traced) -> Callable[..., Any]:
    """Return the wrapper of a generator function."""
    function, start, silent, here = traced.function, begin, SILENT, place_of_now
    anything, restored, trace_of = BaseException, tracebacks.restored, tracebacks.trace_of
    ended, closed, is_a, kind = StopIteration, GeneratorExit, issubclass, type
    frame = sys._getframe  # noqa: SLF001 - no other way
    awaitable, with_other_arguments = inspect.CO_ITERABLE_COROUTINE, _with_other_arguments

    def recorded(args: Any, kwargs: Any, inner: Any, place: Any) -> Generator[Any, Any, Any]:
        call, closing = silent, False
        given: list[Any] = [None]
        try:
            call = start(traced, args, kwargs, place)
            del args, kwargs, place
            if call.answer is not None and call.answer.held is None:
                return (yield from call.answer.chunks(call))
            inner = with_other_arguments(call, traced, inner)
            resume = inner.send
            while True:
                call.resume()
                try:
                    held = [resume(given.pop())]
                except ended as stop:
                    call.suspend()
                    call.end_stream(returned=stop.value, closed=closing)
                    return stop.value
                call.suspend()
                call.chunk(held[0])
                try:
                    given.append((yield held.pop()))
                    resume = inner.send
                except anything as error:
                    restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
                    given.append(error)
                    resume, closing = inner.throw, is_a(kind(error), closed)
        except anything as error:
            try:
                call.break_off(error)
            finally:
                call.break_off(error)
                restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    plain, awaited = dressed(recorded, traced), dressed(recorded, traced, flags=awaitable)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        make = awaited if frame().f_code.co_flags & awaitable else plain
        try:
            return make(args, kwargs, function(*args, **kwargs), here())
        except anything as error:
            restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    return dressed(wrapper, traced, flags=inspect.CO_GENERATOR | (flags_of(function) & awaitable))


def async_generator(traced: Traced) -> Callable[..., Any]:
    """Return the wrapper of an async generator function."""
    function, start, silent, here = traced.function, begin, SILENT, place_of_now
    anything, restored, trace_of = BaseException, tracebacks.restored, tracebacks.trace_of
    ended, closed, is_a, kind = StopAsyncIteration, GeneratorExit, issubclass, type
    closing_after, first, with_other_arguments = contextlib.aclosing, _unhooked, _with_other_arguments

    async def recorded(args: Any, kwargs: Any, inner: Any, place: Any) -> AsyncGenerator[Any, Any]:
        call, thrown_in = silent, None
        given: list[Any] = [None]
        try:
            call = start(traced, args, kwargs, place)
            del args, kwargs, place
            if call.answer is not None and call.answer.held is None:
                async with closing_after(call.answer.chunks_later(call)) as served:
                    async for value in served:
                        yield value
                return
            inner = with_other_arguments(call, traced, inner)
            resume = first(inner)
            while True:
                call.resume()
                try:
                    held = [await resume(given.pop())]
                except ended:
                    call.suspend()
                    call.end_stream(closed=is_a(kind(thrown_in), closed))
                    return
                call.suspend()
                call.chunk(held[0])
                thrown_in = None
                try:
                    given.append((yield held.pop()))
                    resume = inner.asend
                except anything as error:
                    restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
                    given.append(error)
                    resume, thrown_in = inner.athrow, error
        except anything as error:
            try:
                call.break_off(error, by_consumer=error is thrown_in)
            finally:
                call.break_off(error, by_consumer=error is thrown_in)
                thrown_in = None
                restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    make = dressed(recorded, traced)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return make(args, kwargs, function(*args, **kwargs), here())
        except anything as error:
            restored(error, trace_of(error).tb_next)  # type: ignore[union-attr]
            raise

    return dressed(wrapper, traced, flags=inspect.CO_ASYNC_GENERATOR)


def _with_other_arguments(call: Any, traced: Traced, inner: Any) -> Any:
    """Return the generator, made anew where a replay gives it other arguments."""
    if call.answer is None:
        return inner
    args, kwargs = call.answer.arguments(traced)
    return traced.function(*args, **kwargs)


def _unhooked(inner: Any) -> Callable[[Any], Any]:
    """Return what resumes an async generator for the first time, unknown to the event loop.

    The loop closes every generator it knows at its end, all at once: it must know ours alone, which closes this one.
    """

    def resume(value: Any) -> Any:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return inner.asend(value)
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return resume
