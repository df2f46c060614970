"""The four flavours: a traced function stays what it is, and its span ends as the call does."""

import asyncio
import contextvars
import inspect
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle


@treadle.trace
def plain(number: int, *, factor: int = 2) -> int:
    """Double."""
    return number * factor


@treadle.trace
async def later(number: int) -> int:
    """Double, later."""
    await asyncio.sleep(0)
    return number * 2


@treadle.trace
def counting(most: int) -> Generator[int, Any, str]:
    """Count, and repeat what is sent."""
    for number in range(most):
        sent = yield number
        if sent is not None:
            yield sent
    return "done"


@treadle.trace
async def counting_later(most: int) -> AsyncGenerator[Any, Any]:
    """Count, later, and repeat what is sent."""
    for number in range(most):
        await asyncio.sleep(0)
        sent = yield number
        if sent is not None:
            yield sent


def test_each_flavour_stays_what_it_is() -> None:
    """`inspect` sees the kind of function, the signature and the docstring that were there."""
    assert inspect.iscoroutinefunction(later)
    assert inspect.isgeneratorfunction(counting)
    assert inspect.isasyncgenfunction(counting_later)
    others = (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)
    assert not any(is_it(plain) for is_it in others)
    assert str(inspect.signature(plain)) == "(number: int, *, factor: int = 2) -> int"
    assert (plain.__name__, plain.__doc__, plain.__module__) == ("plain", "Double.", __name__)
    made = counting(1)
    assert inspect.isgenerator(made)
    made.close()


def test_a_function_is_recorded_with_defaults_and_result(store: Path) -> None:
    """Arguments are bound by name, those that were not given too."""
    assert plain(3) == 6
    call = recorded.only(store)
    assert (call.given, call.output, call.status) == ({"number": 3, "factor": 2}, 6, "ok")


async def test_a_coroutine_is_recorded(store: Path) -> None:
    """Its result is the awaited one."""
    assert await later(3) == 6
    assert recorded.only(store).output == 6


def test_a_coroutine_is_finished_in_another_context(store: Path) -> None:
    """As by loops of other makes, that run each step in one of their choice: it returns what it would."""
    coroutine = later(2)
    contextvars.copy_context().run(coroutine.send, None)
    with pytest.raises(StopIteration) as ended:
        contextvars.copy_context().run(coroutine.send, None)
    assert ended.value.value == 4
    assert (recorded.only(store).status, recorded.only(store).output) == ("ok", 4)


@pytest.mark.parametrize("flavour", ["coroutine", "generator"])
async def test_a_cancelled_call_is_interrupted(store: Path, flavour: str) -> None:
    """A cancelled call is no failure but says what cut it short, and the cancellation goes on."""
    waiting = asyncio.Event()

    @treadle.trace
    async def hang() -> None:
        waiting.set()
        await asyncio.Event().wait()

    @treadle.trace
    async def hang_streaming() -> AsyncGenerator[int]:
        waiting.set()
        await asyncio.Event().wait()
        yield 1

    task = asyncio.create_task(hang() if flavour == "coroutine" else anext(hang_streaming()))  # type: ignore[arg-type]
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    call = recorded.only(store)
    assert (call.status, call.closed) == ("interrupted", True)
    assert call.end is not None
    assert call.end["error"]["type"] == "asyncio.exceptions.CancelledError"


@pytest.mark.parametrize("passing", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_passes_through(store: Path, passing: type[BaseException]) -> None:
    """Exits are not failures of the step that they pass, and Ctrl-C interrupts it."""

    @treadle.trace
    def leave() -> None:
        raise passing

    with pytest.raises(passing):
        leave()
    status = "interrupted" if passing is KeyboardInterrupt else "ok"
    assert (recorded.only(store).status, recorded.only(store).closed) == (status, True)


class Shop:
    """Methods of all sorts, in both orders of decorators."""

    factor = 3

    @treadle.trace
    def method(self, number: int) -> int:
        """Use the instance."""
        return number * self.factor

    @classmethod
    @treadle.trace
    def inner_class(cls, number: int) -> int:
        """Trace below the classmethod."""
        return number * cls.factor

    @treadle.trace
    @classmethod
    def outer_class(cls, number: int) -> int:
        """Trace above it."""
        return number * cls.factor

    @staticmethod
    @treadle.trace
    def inner_static(number: int) -> int:
        """Trace below the staticmethod."""
        return number * 3

    @treadle.trace
    @staticmethod
    def outer_static(number: int) -> int:
        """Trace above it."""
        return number * 3


@pytest.mark.parametrize("name", ["method", "inner_class", "outer_class", "inner_static", "outer_static"])
def test_methods_work_in_either_order(store: Path, name: str) -> None:
    """On an instance and, where it can be, on the class, and are recorded under their qualified name."""
    assert getattr(Shop(), name)(2) == 6
    if name != "method":
        assert getattr(Shop, name)(2) == 6
    assert {call.name for call in recorded.calls(store)} == {name}
    (function,) = [record for record in recorded.records(store) if record["r"] == "function"]
    assert function["qualname"] == f"Shop.{name}"


def test_recursion_is_a_tree(store: Path) -> None:
    """Each call hangs under the one that made it."""

    @treadle.trace
    def down(depth: int) -> int:
        return down(depth - 1) if depth else 0

    down(2)
    (root,) = recorded.roots(store)
    assert root.tree == ["down", ["down", ["down"]]]
