"""What can be asked of a decorated function, and what can be done with it."""

from __future__ import annotations

import asyncio
import copy
import doctest
import functools
import inspect
import multiprocessing
import pickle
import pydoc
import sys
import typing
import unittest
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from unittest import mock

import treadle


def marked(function):
    function.mark = "set before"
    return function


@treadle.trace
@marked
def plain(first: int, /, second: Later = None, *rest: int, third: str = "x", **more: float) -> list[Later]:
    """Return what it is given.

    >>> plain(1)
    [1, None, (), 'x', {}]
    """
    return [first, second, rest, third, more]


@treadle.trace
async def later(first: int) -> int:
    """Wait."""
    return first


@treadle.trace
def stream(first: int = 3) -> Generator[int]:
    """Stream.

    >>> list(stream(2))
    [0, 1]
    """
    yield from range(first)


@treadle.trace
async def stream_later(first: int = 3) -> AsyncGenerator[int]:
    """Stream, later."""
    yield first


class Later:
    """Is named before it is there."""


plain.after = "set after"


@functools.wraps(plain)
def around(*args, **kwargs):
    """Wrap what is decorated."""
    return plain(*args, **kwargs)


@treadle.trace(name="from outside")
@functools.wraps(plain)
def inside(*args, **kwargs):
    return plain(*args, **kwargs)


KINDS = (
    inspect.isfunction, inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction,
    inspect.isroutine, inspect.isbuiltin, inspect.ismethod, asyncio.iscoroutinefunction, callable,
)  # fmt: skip

for function in (plain, later, stream, stream_later, around, inside):
    print(function.__name__, function.__qualname__, function.__module__, function.__doc__)
    print([kind(function) for kind in KINDS])
    print(inspect.signature(function), typing.get_type_hints(function), inspect.get_annotations(function))
    print(inspect.getsource(function), inspect.getsourcefile(inspect.unwrap(function)) == __file__)
    print(function.__defaults__, function.__kwdefaults__, function.__annotations__)
    print(sorted(name for name in vars(function) if name not in ("__wrapped__", "__treadle__")))
    print(pydoc.render_doc(function, renderer=pydoc.plaintext))
    print(function.__globals__ is globals(), type(function))
    if function not in (around, inside):
        print(pickle.loads(pickle.dumps(function)) is function)
    print(copy.copy(function) is copy.deepcopy(function) is function)
    print(inspect.getmodule(function) is sys.modules[__name__], inspect.getdoc(function))
print(doctest.testmod(sys.modules[__name__]))


@treadle.trace
def below() -> tuple[str, str]:
    return sys._getframe(1).f_globals["__name__"], sys._getframe(0).f_code.co_name


print(below(), vars(sys.modules[__name__]) is below.__globals__)


@treadle.trace
def below_pool(number: int) -> int:
    return number * 2


@dataclass
class Record:
    """Has decorated methods, and a decorated factory."""

    items: list[int] = field(default_factory=treadle.trace(lambda: [5]))
    on: typing.Callable[[int], int] = treadle.trace(abs)

    @treadle.trace
    def total(self) -> int:
        """Sum."""
        return sum(self.items)


print(Record([1, 2]).total(), Record().on(-3), Record(), inspect.signature(Record.total))
print(Record.total.__qualname__, Record.total, pickle.loads(pickle.dumps(Record([3]).total))())


class Tests(unittest.IsolatedAsyncioTestCase):
    """Mocks and async tests over what is decorated."""

    @treadle.trace
    async def test_later(self):
        self.assertEqual(await later(3), 3)

    @treadle.trace
    def test_mock(self):
        with mock.patch(f"{__name__}.plain", autospec=True) as replaced:
            plain(1, second=2)
            replaced.assert_called_once_with(1, second=2)
            with self.assertRaises(TypeError):
                plain()
        self.assertEqual(asyncio.run(mock.create_autospec(later, return_value=5)(1)), 5)

    @mock.patch(f"{__name__}.stream")
    @treadle.trace
    def test_patched(self, replaced):
        self.assertIs(replaced, stream)

    @treadle.trace
    @mock.patch(f"{__name__}.stream")
    def test_patched_inside(self, replaced):
        self.assertIs(replaced, stream)


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        print(pool.map(below_pool, [1, 2]))
    result = unittest.TextTestRunner(stream=mock.Mock()).run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
    print(result)
