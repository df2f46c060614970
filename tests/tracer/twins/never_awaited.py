"""Coroutines that nobody awaits, and streams that nobody reads."""

import asyncio
import gc
import warnings
from collections.abc import AsyncGenerator, Generator

import treadle

warnings.simplefilter("always")


@treadle.trace
async def later() -> int:
    return 1


class Shop:
    @treadle.trace
    async def method(self) -> int:
        return 1


@treadle.trace
async def stream() -> AsyncGenerator[int]:
    yield 1


@treadle.trace
def numbers() -> Generator[int]:
    yield 1


later()
Shop().method()
closed = later()
closed.close()
try:
    closed.send(None)
except RuntimeError as error:
    print(error)
stream()
numbers()


async def half() -> None:
    later()
    made = stream()
    print(await made.asend(None))
    del made
    gc.collect()
    await asyncio.sleep(0)


asyncio.run(half())
print(asyncio.run(later()))
