"""Generators, driven in every way that there is."""

import asyncio
import contextlib
import gc
import inspect
import sys
from collections.abc import AsyncGenerator, Generator

import treadle


def tried(what: str, act) -> None:
    try:
        print(what, "->", act())
    except BaseException as error:
        print(what, "raised", repr(error), repr(error.__cause__), repr(error.__context__), error.__suppress_context__)


async def tried_later(what: str, made) -> None:
    try:
        print(what, "->", await made)
    except BaseException as error:
        print(what, "raised", repr(error), repr(error.__cause__), repr(error.__context__))


@treadle.trace
def echo() -> Generator[object, object, str]:
    got = None
    while got != "stop":
        try:
            got = yield ("got", got)
        except ValueError as error:
            got = f"caught {error!r} {sys.exc_info()[0]}"
    return "returned"


@treadle.trace
def delegating() -> Generator[object, object, str]:
    result = yield from echo()
    yield ("inner", result)
    return "outer"


@treadle.trace
def yielding_in_finally() -> Generator[str]:
    try:
        yield "body"
    finally:
        yield "cleanup"


@treadle.trace
def ignoring_exit() -> Generator[str]:
    for _ in range(3):
        try:
            yield "still here"
        except GeneratorExit:
            pass


@treadle.trace
def returning_on_exit() -> Generator[str, None, str]:
    try:
        yield "body"
    except GeneratorExit:
        return "closed"
    return "ended"


@treadle.trace
def failing_on_exit() -> Generator[str]:
    try:
        yield "body"
    finally:
        raise KeyError("while closing")


@treadle.trace
def closing_itself() -> Generator[str]:
    running[0].close()
    yield "never"


@treadle.trace
def states() -> Generator[object]:
    yield running[0].gi_running, inspect.getgeneratorstate(running[0])


running: list = []


def drive() -> None:
    made = echo()
    print(inspect.getgeneratorstate(made), inspect.isgenerator(made), made.__name__, made.__qualname__)
    tried("send to a new one", lambda: made.send(1))
    print(next(made), made.send(2), made.throw(ValueError("three")), made.throw(ValueError), made.send(4))
    print(inspect.getgeneratorstate(made))
    tried("stop", lambda: made.send("stop"))
    tried("after", lambda: next(made))
    tried("throw after", lambda: made.throw(KeyError("late")))
    print(inspect.getgeneratorstate(made), made.gi_frame is None, made.close())
    made = delegating()
    print(next(made), made.send(1), made.throw(ValueError("in")), made.send("stop"))
    tried("end of outer", lambda: next(made))
    for maker in (yielding_in_finally, ignoring_exit, returning_on_exit, failing_on_exit):
        made = maker()
        next(made)
        for what in (f"close {maker.__name__}", "close again", "and again"):
            tried(what, made.close)
        tried("again", lambda made=made: next(made))
        made = maker()
        next(made)
        tried(f"throw exit into {maker.__name__}", lambda made=made: made.throw(GeneratorExit))
        for what in ("close", "close again", "and again"):
            tried(what, made.close)
    made = echo()
    next(made)
    tried("stop iteration", lambda: made.throw(StopIteration("x")))
    made = echo()
    tried("throw into a new one", lambda: made.throw(KeyError("new")))
    made = echo()
    made.close()
    tried("closed before it began", lambda: next(made))
    running[:] = [closing_itself()]
    tried("closes itself", lambda: next(running[0]))
    running[:] = [states()]
    tried("state", lambda: next(running[0]))


@treadle.trace
async def echo_later() -> AsyncGenerator[object, object]:
    got = None
    while got != "stop":
        try:
            await asyncio.sleep(0)
            got = yield ("got", got)
        except ValueError as error:
            got = f"caught {error!r}"


@treadle.trace
async def slow_cleanup() -> AsyncGenerator[int]:
    try:
        yield 1
        yield 2
    finally:
        await asyncio.sleep(0)
        print("cleaned")


@treadle.trace
async def ignoring_exit_later() -> AsyncGenerator[str]:
    for _ in range(2):
        try:
            yield "still here"
        except GeneratorExit:
            pass


@treadle.trace
async def stopping_later() -> AsyncGenerator[int]:
    yield 1
    raise StopAsyncIteration


@treadle.trace
async def hanging() -> AsyncGenerator[int]:
    try:
        yield 1
        await asyncio.Event().wait()
    finally:
        print("hanging ends")


async def drive_later() -> None:
    made = echo_later()
    print(inspect.isasyncgen(made), made.__name__, made.__qualname__, made.ag_running)
    await tried_later("send to a new one", made.asend(1))
    made = echo_later()
    print(await made.asend(None), await anext(made), await made.asend(2), await made.athrow(ValueError("three")))
    await tried_later("stop", made.asend("stop"))
    await tried_later("after", anext(made))
    await tried_later("throw after", made.athrow(KeyError("late")))
    await tried_later("close after", made.aclose())
    made = slow_cleanup()
    await anext(made)
    await tried_later("close", made.aclose())
    made = ignoring_exit_later()
    await anext(made)
    await tried_later("close one that ignores it", made.aclose())
    await tried_later("close again", made.aclose())
    made = stopping_later()
    await anext(made)
    await tried_later("stop raised", anext(made))
    made = echo_later()
    await anext(made)
    await tried_later("thrown", made.athrow(KeyError("thrown")))
    made = hanging()
    await anext(made)
    task = asyncio.create_task(anext(made))
    await asyncio.sleep(0)
    print(made.ag_running)
    await tried_later("close a running one", made.aclose())
    task.cancel()
    await tried_later("cancelled", task)
    made = echo_later()
    await made.aclose()
    await tried_later("closed before it began", anext(made))
    made = slow_cleanup()
    await anext(made)
    await asyncio.create_task(made.aclose())
    made = slow_cleanup()
    async for each in made:
        print(each)
        break
    del made
    gc.collect()
    await asyncio.sleep(0.01)
    async with contextlib.aclosing(slow_cleanup()) as closing:
        print(await anext(closing))
    global left
    left = [slow_cleanup(), echo_later(), hanging()]
    for each in left:
        await anext(each)


drive()
asyncio.run(drive_later())
