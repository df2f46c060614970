"""Exceptions of all sorts, as the interpreter prints them."""

import asyncio
import contextlib
import sys
import traceback
from collections.abc import AsyncGenerator, Generator

import treadle


def shown(act) -> None:
    try:
        act()
    except BaseException:
        traceback.print_exc(file=sys.stdout)


@treadle.trace
def fail(text: str) -> None:
    raise ValueError(text)


@treadle.trace
def chained() -> None:
    try:
        fail("inner")
    except ValueError as error:
        raise KeyError("outer") from error


@treadle.trace
def in_context() -> None:
    try:
        fail("inner")
    finally:
        raise KeyError("while it was handled")


@treadle.trace
def again() -> None:
    try:
        fail("once")
    except ValueError:
        raise


KEPT = ValueError("kept")


@treadle.trace
def raise_kept() -> None:
    raise KEPT


@treadle.trace
def group() -> None:
    errors = []
    for text in ("one", "two"):
        try:
            fail(text)
        except ValueError as error:
            errors.append(error)
    raise ExceptionGroup("both", errors)


@treadle.trace
def down(depth: int) -> int:
    return down(depth - 1) if depth else 1 // 0


@treadle.trace
def streaming() -> Generator[int]:
    yield 1
    raise ValueError("in the stream")


@treadle.trace
def catching() -> Generator[int]:
    try:
        yield 1
    except KeyError as error:
        raise ValueError("instead") from error


@treadle.trace
def not_catching() -> Generator[int]:
    yield from streaming()


@treadle.trace
def stopping() -> Generator[int]:
    yield 1
    raise StopIteration


def throw_into(made) -> None:
    next(made)
    made.throw(KeyError("thrown"))


@treadle.trace
async def later(text: str) -> None:
    await asyncio.sleep(0)
    fail(text)


@treadle.trace
async def streaming_later() -> AsyncGenerator[int]:
    yield 1
    await later("in the stream")


@treadle.trace
async def catching_later() -> AsyncGenerator[int]:
    try:
        yield 1
    except KeyError as error:
        raise ValueError("instead") from error


async def consume_later() -> None:
    async for _ in streaming_later():
        pass


async def throw_later(made) -> None:
    await anext(made)
    await made.athrow(KeyError("thrown"))


@contextlib.contextmanager
@treadle.trace
def around() -> Generator[None]:
    try:
        yield
    finally:
        print("left")


@treadle.trace
@contextlib.contextmanager
def around_outside() -> Generator[None]:
    yield


def within(manager) -> None:
    with manager:
        fail("in the block")


shown(lambda: fail("plain"))
shown(lambda: fail(text="by keyword"))
shown(lambda: fail(txt="by a wrong keyword"))
shown(lambda: fail(**{"not a name": 1}))
shown(lambda: fail(1, 2, 3, 4))
shown(chained)
shown(in_context)
shown(again)
shown(raise_kept)
shown(raise_kept)
shown(group)
shown(lambda: down(4))
shown(lambda: list(streaming()))
shown(lambda: list(not_catching()))
shown(lambda: list(stopping()))
shown(lambda: throw_into(catching()))
shown(lambda: throw_into(not_catching()))
shown(lambda: throw_into(streaming()))
shown(lambda: fail())
shown(lambda: later())
shown(lambda: streaming(3))
shown(lambda: streaming_later(3))
shown(lambda: asyncio.run(later("later")))
shown(lambda: asyncio.run(consume_later()))
shown(lambda: asyncio.run(throw_later(catching_later())))
shown(lambda: asyncio.run(throw_later(streaming_later())))
shown(lambda: within(around()))
shown(lambda: within(around_outside()))
fail("to the end")
