"""Context managers and old coroutines made of decorated generators."""

import asyncio
import contextlib
import types
from collections.abc import AsyncGenerator, Generator

import treadle


def tried(what: str, act) -> None:
    try:
        print(what, "->", act())
    except BaseException as error:
        print(what, "raised", repr(error), repr(error.__cause__), repr(error.__context__), error.__suppress_context__)


@contextlib.contextmanager
@treadle.trace
def managed(suppress: bool) -> Generator[str]:
    try:
        yield "managed"
    except ZeroDivisionError:
        if not suppress:
            raise
    finally:
        print("exit")


@treadle.trace
@contextlib.contextmanager
def managed_outside() -> Generator[str]:
    yield "managed outside"


@contextlib.asynccontextmanager
@treadle.trace
async def managed_later() -> AsyncGenerator[str]:
    try:
        yield "managed later"
    finally:
        await asyncio.sleep(0)
        print("exit later")


def manage(manager, fail: bool = False) -> str:
    with manager as inside:
        print(inside)
        if fail:
            print(1 // 0)
    return "over"


async def manage_later() -> str:
    async with managed_later() as inside:
        print(inside)
        raise KeyError("in the block")


@types.coroutine
@treadle.trace
def old_style() -> Generator[object, object, str]:
    yield from asyncio.sleep(0).__await__()
    return "old style"


@treadle.trace
@types.coroutine
def old_style_inside() -> Generator[object, object, str]:
    yield from asyncio.sleep(0).__await__()
    return "old style inside"


async def await_old_styles() -> list[str]:
    return [await old_style(), await old_style_inside()]


@managed(suppress=False)
def decorated_by_manager() -> str:
    return "by manager"


for act in (
    lambda: manage(managed(True)),
    lambda: manage(managed(True), fail=True),
    lambda: manage(managed(False), fail=True),
    lambda: manage(managed_outside()),
    lambda: asyncio.run(manage_later()),
    lambda: asyncio.run(await_old_styles()),
    decorated_by_manager,
    decorated_by_manager,
):
    tried("manager", act)
