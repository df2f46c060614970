"""Exceptions that refuse to be changed, names that shadow Python's own, keywords that are no identifiers."""

import asyncio
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import treadle


@dataclass(frozen=True)
class FrozenError(Exception):
    number: int


@treadle.trace
def frozen() -> None:
    raise FrozenError(1)


@treadle.trace
async def frozen_later() -> None:
    raise FrozenError(2)


@treadle.trace
def frozen_streaming():
    yield 1
    raise FrozenError(3)


@treadle.trace
def keywords(**given) -> None:
    print(list(given.items()))


SHADOWED = """
import treadle
class BaseException(Exception): pass
class StopIteration(Exception): pass
class GeneratorExit(Exception): pass
def isinstance(*_): raise AssertionError
@treadle.trace
def bad(): raise ValueError("bad")
@treadle.trace
def good(): return "good"
@treadle.trace
def streaming(): yield 1
"""


@treadle.trace
def in_threads() -> None:
    def fail() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail)
    threading.excepthook = lambda args: traceback.print_exception(args.exc_value, file=sys.stdout)
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(fail).result()
        except ValueError:
            traceback.print_exc(file=sys.stdout)


def main() -> None:
    for act in (frozen, lambda: asyncio.run(frozen_later()), lambda: list(frozen_streaming())):
        try:
            act()
        except FrozenError as error:
            print(type(error).__name__, error.number)
    for odd in ({"__debug__": 1}, {"\ufb01": 1, "fi": 2}, {"not an identifier": 1, "class": 2}):
        keywords(**odd)
    names: dict = {}
    exec(SHADOWED, names)
    try:
        names["bad"]()
    except ValueError as error:
        print(error)
    print(names["good"](), list(names["streaming"]()))
    limited: dict = {"__builtins__": {"__build_class__": __build_class__, "print": print}, "treadle": treadle}
    exec("@treadle.trace\ndef answer(): return 1\nprint(answer())", limited)
    in_threads()


main()
