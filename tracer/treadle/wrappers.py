"""The four thin wrappers around a `Call`: functions, coroutines, generators and async generators.

Each stays the kind of thing that it wraps. A generator's wrapper must know where it was made, not where it is first
resumed, so it is a plain function whose code carries the generator's flag: since Python 3.11 the flag tells only
`inspect` what the function is, an opcode makes the generator.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from treadle.functions import Traced
from treadle.loading import loaded

if TYPE_CHECKING:
    from treadle.call import Call
    from treadle.place import Place


def wrap(traced: Traced) -> Callable[..., Any]:
    """Return the recording wrapper of the function's own flavour."""
    makers = {"sync": _function, "async": _coroutine, "gen": _generator, "agen": _async_generator}
    wrapper = makers[traced.flavour](traced)
    functools.update_wrapper(wrapper, traced.function)
    wrapper.__treadle__ = traced  # type: ignore[attr-defined]
    return wrapper


def _begin(traced: Traced, args: Any, kwargs: Any, place: Place | None = None) -> Call | None:
    started: Call | None = loaded().begin(
        traced.name, traced.kind, lambda: traced.bind(args, kwargs), traced=traced, place=place
    )
    return started


def _place() -> Place:
    place: Place = loaded().Place()
    return place.keep_context()


class _Silent:
    """Stands in for a call where nothing can be recorded."""

    def resume(self) -> None:
        """Do nothing."""

    def suspend(self) -> None:
        """Do nothing."""

    def chunk(self, value: Any) -> None:
        """Do nothing."""

    def end_stream(self) -> None:
        """Do nothing."""

    def fail(self, error: BaseException, *, by_consumer: bool = False) -> None:
        """Do nothing."""


def _function(traced: Traced) -> Callable[..., Any]:
    function = traced.function

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _begin(traced, args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        if call.answer is not None:
            return call.answer.deliver(call)
        call.resume()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            call.suspend()
            call.fail(error)
            raise
        call.suspend()
        call.end(result)
        return result

    return wrapper


def _coroutine(traced: Traced) -> Callable[..., Any]:
    function = traced.function

    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        call = _begin(traced, args, kwargs)
        if call is None:
            return await function(*args, **kwargs)
        if call.answer is not None:
            return await call.answer.deliver_later(call)
        call.resume()
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            call.suspend()
            call.fail(error)
            raise
        call.suspend()
        call.end(result)
        return result

    return wrapper


def _generator(traced: Traced) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return _recorded(traced, args, kwargs, traced.function(*args, **kwargs), _place())

    return _flagged(wrapper, inspect.CO_GENERATOR)


def _recorded(traced: Traced, args: Any, kwargs: Any, inner: Any, place: Place) -> Generator[Any, Any, Any]:
    call = _begin(traced, args, kwargs, place)
    if call is None:
        return (yield from inner)
    if call.answer is not None:
        return (yield from call.answer.chunks(call))
    resume: Callable[[], Any] = functools.partial(next, inner)
    try:
        while True:
            call.resume()
            try:
                value = resume()
            finally:
                del resume  # it may hold an exception that was thrown in, whose traceback holds this frame
                call.suspend()
            call.chunk(value)
            try:
                resume = functools.partial(inner.send, (yield value))
            except GeneratorExit:
                _close(call, inner)
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, and handed on to the generator
                resume = functools.partial(inner.throw, error)
    except StopIteration as stop:
        call.end_stream(returned=stop.value)
        return stop.value
    except BaseException as error:
        call.fail(error)
        raise


def _close(call: Call, inner: Generator[Any, Any, Any]) -> None:
    call.resume()
    try:
        inner.close()
    finally:
        call.suspend()


def _async_generator(traced: Traced) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return _recorded_async(traced, args, kwargs, traced.function(*args, **kwargs), _place())

    return _flagged(wrapper, inspect.CO_ASYNC_GENERATOR)


async def _recorded_async(traced: Traced, args: Any, kwargs: Any, inner: Any, place: Place) -> AsyncGenerator[Any, Any]:
    started = _begin(traced, args, kwargs, place)
    if started is not None and started.answer is not None:
        async with contextlib.aclosing(started.answer.chunks_later(started)) as served:
            async for value in served:
                yield value
        return
    call = started or _Silent()
    thrown_in: BaseException | None = None
    resume: Callable[[], Any] = inner.__anext__
    try:
        while True:
            call.resume()
            try:
                value = await resume()
            finally:
                del resume  # as above
                call.suspend()
            thrown_in = None
            call.chunk(value)
            try:
                resume = functools.partial(inner.asend, (yield value))
            except GeneratorExit:
                await _close_async(call, inner)
                raise
            except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, and handed on to the generator
                thrown_in = error
                resume = functools.partial(inner.athrow, error)
    except StopAsyncIteration:
        call.end_stream()
    except BaseException as error:
        is_thrown_in, thrown_in = error is thrown_in, None
        call.fail(error, by_consumer=is_thrown_in)
        raise


async def _close_async(call: Call | _Silent, inner: AsyncGenerator[Any, Any]) -> None:
    call.resume()
    try:
        await inner.aclose()
    finally:
        call.suspend()


def _flagged(function: Callable[..., Any], flag: int) -> Callable[..., Any]:
    assert isinstance(function, types.FunctionType)
    function.__code__ = function.__code__.replace(co_flags=function.__code__.co_flags | flag)
    return function
