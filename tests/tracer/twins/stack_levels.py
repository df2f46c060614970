"""Warnings and log lines that are meant for whoever calls a traced function."""

import asyncio
import logging
import sys
import warnings
from collections.abc import AsyncGenerator, Generator

import treadle

logging.basicConfig(stream=sys.stdout, format="%(filename)s:%(lineno)d %(funcName)s %(message)s")


def told(what: str) -> None:
    warnings.warn(what, UserWarning, stacklevel=3)
    logging.warning(what, stacklevel=3)


@treadle.trace
def function(what: str) -> None:
    warnings.warn(what, DeprecationWarning, stacklevel=2)
    logging.warning(what, stacklevel=2)
    told(what)


@treadle.trace
async def coroutine(what: str) -> None:
    warnings.warn(what, UserWarning, stacklevel=2)
    logging.warning(what, stacklevel=2)
    told(what)


@treadle.trace
def generator(what: str) -> Generator[int]:
    warnings.warn(what, UserWarning, stacklevel=2)
    logging.warning(what, stacklevel=2)
    told(what)
    yield 1


@treadle.trace
async def async_generator(what: str) -> AsyncGenerator[int]:
    warnings.warn(what, UserWarning, stacklevel=2)
    logging.warning(what, stacklevel=2)
    told(what)
    yield 1


@treadle.trace
class Shop:
    def method(self) -> None:
        function("from a method")
        warnings.warn("in a method", UserWarning, stacklevel=2)


async def consume() -> None:
    await coroutine("coroutine")
    async for _ in async_generator("async generator"):
        pass


function("function")
function(what="by keyword")
for _ in generator("generator"):
    pass
asyncio.run(consume())
Shop().method()
warnings.simplefilter("error")
try:
    function("raised")
except DeprecationWarning as error:
    print("raised", error)
print(sys._getframe(0).f_lineno)
