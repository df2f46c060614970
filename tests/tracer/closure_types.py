"""Functions that are made inside others, objects under names, and types that are taught, for codec tests."""

import functools
import threading
from collections.abc import Callable
from typing import Any

import treadle


def counting(start: int) -> Callable[[], int]:
    """Return a closure over a number that it changes."""
    count = start

    def step() -> int:
        nonlocal count
        count += 1
        return count

    return step


def factorial() -> Callable[[int], int]:
    """Return a closure that calls itself."""

    def inner(number: int) -> int:
        return 1 if number < 2 else number * inner(number - 1)

    return inner


def with_defaults(base: int) -> Callable[..., Any]:
    """Return a nested function with defaults of both kinds, which uses a global."""

    def inner(number: int, by: tuple[int, ...] = (2,), *, more: int = 1) -> Any:
        return functools.reduce(lambda one, other: one * other, by, number) + more + base

    return inner


def locked() -> Callable[[], Any]:
    """Return a closure over something that cannot be recorded."""
    lock, beside = threading.Lock(), 1
    return lambda: (lock, beside)


def pair() -> tuple[Callable[[], str], Callable[[], str]]:
    """Return two lambdas of one name."""
    return (lambda: "first"), (lambda: "second")


def doubled(function: Callable[[int], int]) -> Callable[[int], int]:
    """Decorate a function."""

    @functools.wraps(function)
    def wrapper(number: int) -> int:
        return 2 * function(number)

    return wrapper


def increment(number: int) -> int:
    """Be decorated elsewhere, under the same name."""
    return number + 1


@doubled
def decorated(number: int) -> int:
    """Be decorated where it is defined."""
    return number + 1


class Client:
    """Cannot be recorded by its fields."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def ask(self) -> str:
        """Answer."""
        return "answered"


class Registry:
    """Holds an object under a name of the class."""

    lock = threading.Lock()


class Money:
    """Is taught in tests."""

    def __init__(self, amount: int) -> None:
        self.amount = amount


class Coin(Money):
    """Is not taught, though what it inherits from is."""


CLIENT = Client()
LOCK = threading.Lock()
KEYED = counting(5)
ADD = lambda one, other: one + other  # noqa: E731 - a lambda under a name is what is tried
late: Any = None


@treadle.trace
def traced(number: int) -> int:
    """Be traced where it is defined."""
    return number
