"""Recursion, deep and without end, under the default limit."""

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator, Generator

import treadle


@treadle.trace
def down(depth: int) -> int:
    return 1 + down(depth - 1) if depth else 0


@treadle.trace
def by_keyword(*, depth: int) -> int:
    return 1 + by_keyword(depth=depth - 1) if depth else 0


@treadle.trace
async def down_later(depth: int) -> int:
    return 1 + await down_later(depth - 1) if depth else 0


@treadle.trace
def walk(depth: int) -> Generator[int]:
    if depth:
        yield from walk(depth - 1)
    yield depth


@treadle.trace
async def walk_later(depth: int) -> AsyncGenerator[int]:
    if depth:
        async for below in walk_later(depth - 1):
            yield below
    else:
        yield depth


@treadle.trace
def forever(number: int) -> int:
    return forever(number + 1)


@treadle.trace
async def forever_later(number: int) -> int:
    return await forever_later(number + 1)


@treadle.trace
def forever_streaming() -> Generator[int]:
    yield from forever_streaming()


def plain(depth: int) -> int:
    return 1 + plain(depth - 1) if depth else leaf()


@treadle.trace
def leaf() -> int:
    return 0


async def consume(made) -> list[int]:
    return [each async for each in made]


def caught(act) -> None:
    try:
        print(act())
    except RecursionError as error:
        print(type(error).__name__, str(error).startswith("maximum recursion depth exceeded"))


def everything() -> None:
    print(down(900), by_keyword(depth=900), asyncio.run(down_later(850)), sys.getrecursionlimit())
    print(len(list(walk(400))), asyncio.run(consume(walk_later(150))), sys.getrecursionlimit())
    caught(lambda: forever(0))
    sys.setrecursionlimit(500)  # the stacks of so many errors grow with its square
    caught(lambda: asyncio.run(forever_later(0)))
    caught(lambda: list(forever_streaming()))
    sys.setrecursionlimit(1_000)
    print(down(900), plain(900), sys.getrecursionlimit())


everything()
thread = threading.Thread(target=lambda: (caught(lambda: forever(0)), print(down(900), sys.getrecursionlimit())))
thread.start()
thread.join()
sys.setrecursionlimit(300)
caught(lambda: down(500))
print(sys.getrecursionlimit())


@treadle.trace
def setting(depth: int) -> int:
    if depth:
        return setting(depth - 1)
    sys.setrecursionlimit(700)
    return sys.getrecursionlimit()


sys.setrecursionlimit(100_000)
print(by_keyword(depth=20_000), sys.getrecursionlimit())
sys.setrecursionlimit(300)
print(setting(100), sys.getrecursionlimit(), down(600))
