"""What type checkers see of what is decorated: it is type-checked with the examples, and never run."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import cached_property, partial
from typing import Any, assert_type

import treadle


@treadle.trace
def plain(number: int, *, name: str = "") -> list[str]:
    return [name] * number


@treadle.trace(kind="llm", name="asked", ignore=["number"], pickle=True, idempotent=False)
async def later(number: int) -> str:
    return str(number)


@treadle.trace()
def stream(number: int) -> Iterator[int]:
    yield number


@treadle.trace
async def stream_later(number: int) -> AsyncIterator[int]:
    yield number


@treadle.trace(kind="tool")
class Service:
    def __init__(self, name: str) -> None:
        self.name = name

    @treadle.trace
    def asked(self, number: int) -> str:
        return self.name * number

    @classmethod
    @treadle.trace
    def inner_made(cls, name: str) -> "Service":
        return cls(name)

    @treadle.trace
    @classmethod
    def outer_made(cls, name: str) -> "Service":
        return cls(name)

    @staticmethod
    @treadle.trace
    def inner_sum(one: int, other: int) -> int:
        return one + other

    @treadle.trace
    @staticmethod
    def outer_sum(one: int, other: int) -> int:
        return one + other

    @property
    @treadle.trace
    def inner_size(self) -> int:
        return len(self.name)

    @treadle.trace  # type: ignore[prop-decorator]  # mypy allows none on top of a property
    @property
    def outer_size(self) -> int:
        return len(self.name)

    @treadle.trace  # type: ignore[prop-decorator]
    @cached_property
    def kept_size(self) -> int:
        return len(self.name)


async def functions() -> None:
    assert_type(plain(1, name="a"), list[str])
    coroutine = assert_type(later(1), Coroutine[Any, Any, str])
    assert_type(await coroutine, str)
    assert_type(stream(1), Iterator[int])
    assert_type(stream_later(1), AsyncIterator[int])
    assert_type(treadle.trace(partial(plain, 1)), partial[list[str]])
    named: Callable[[int], list[str]] = treadle.trace(plain)
    named(1)
    plain("1")  # type: ignore[arg-type]
    plain(1, "a")  # type: ignore[call-arg]
    plain()  # type: ignore[call-arg]
    treadle.trace(3)  # type: ignore[call-overload]
    treadle.trace(name=3)  # type: ignore[call-overload]


def methods(service: Service) -> None:
    assert_type(Service("a"), Service)
    assert_type(service.asked(1), str)
    assert_type(Service.inner_made("a"), Service)
    assert_type(Service.outer_made("a"), Service)
    assert_type(service.inner_sum(1, 2), int)
    assert_type(Service.outer_sum(1, 2), int)
    assert_type(service.inner_size, int)
    assert_type(service.outer_size, int)
    assert_type(service.kept_size, int)
    service.asked("1")  # type: ignore[arg-type]
    Service(1)  # type: ignore[arg-type]


def blocks() -> None:
    with treadle.span("block", kind="tool", number=1) as span:
        assert_type(span, treadle.span)
        span.set_output(object())
