"""Exceptions that deny what they are, or raise when they are asked: they come out as they would, and are recorded."""

from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle


class Untraceable(Exception):
    """Has no traceback to give."""

    @property
    def __traceback__(self) -> Any:
        raise RuntimeError("none")


class Blank(Exception):
    """Says that it has none."""

    __traceback__ = None


class Classless(Exception):
    """Has no class to name."""

    @property
    def __class__(self) -> Any:
        raise RuntimeError("none")


class Closed(Exception):
    """Answers nothing at all."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class Uncaused(ExceptionGroup[Exception]):
    """Denies what led to it."""

    @property
    def exceptions(self) -> Any:
        """Have no members."""
        raise RuntimeError("none")

    __cause__ = __context__ = exceptions  # type: ignore[assignment]


ODD: dict[str, Callable[[], Exception]] = {
    "Untraceable": Untraceable,
    "Blank": Blank,
    "Classless": Classless,
    "Closed": Closed,
    "Uncaused": lambda: Uncaused("a", [ValueError("b")]),
}


def driven(awaitable: Any) -> Any:
    """Run what never waits: an event loop asks the exception for its class."""
    return awaitable.send(None)


def sync(error: Exception) -> None:
    """Raise it in a function, called by keywords."""

    @treadle.trace
    def fail(*, first: int, second: int) -> None:
        raise error

    fail(first=1, second=2)


def later(error: Exception) -> None:
    """Raise it in a coroutine."""

    @treadle.trace
    async def fail() -> None:
        raise error

    driven(fail())


def stream(error: Exception) -> None:
    """Throw it into a generator."""

    @treadle.trace
    def numbers() -> Generator[int]:
        yield 1

    made = numbers()
    next(made)
    made.throw(error)


def stream_later(error: Exception) -> None:
    """Raise it in an async generator."""

    @treadle.trace
    async def numbers() -> AsyncGenerator[int]:
        yield 1
        raise error

    made = numbers()
    with pytest.raises(StopIteration):
        driven(made.__anext__())
    driven(made.__anext__())


def block(error: Exception) -> None:
    """Raise it in a block."""
    with treadle.span("block"):
        raise error


def pool(error: Exception) -> None:
    """Raise it in a thread of a pool that a call has made."""

    def fail() -> None:
        raise error

    @treadle.trace
    def submit() -> None:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(fail).result()

    submit()


@pytest.mark.parametrize("way", [sync, later, stream, stream_later, block, pool])
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("hides", [False, True])
def test_an_odd_exception_comes_out_as_it_is(
    way: Callable[[Exception], None], name: str, hides: bool, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded by its type at least; where failures are shown in full, and where steps are hidden."""
    monkeypatch.setenv("TREADLE_DEBUG", "1")
    if hides:
        monkeypatch.setenv("TREADLE_HIDE_INPUTS", "1")
    error = ODD[name]()
    came_out = None
    try:
        way(error)
    except BaseException as caught:
        came_out = caught
    is_the_same = came_out is error  # `pytest.raises` would ask it for its class
    del error, came_out  # pytest would show them where this fails
    assert is_the_same
    failed = [call.end["error"]["type"] for call in recorded.calls(store) if call.end and "error" in call.end]
    assert [name.rpartition(".")[2] for name in failed] == [name]
    assert all(call.status != "running" for call in recorded.calls(store))
