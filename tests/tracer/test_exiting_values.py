"""What a value's own code raises stays inside, be it no ordinary exception: only Ctrl-C is the user's."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from treadle import taught
from treadle.taught import codec
from treadle.values import encode
from treadle.values.redact import Redactor


class Opaque(threading.local):
    """Is shown by its repr alone."""

    raised: BaseException = SystemExit(3)

    def __repr__(self) -> str:
        raise self.raised

    def __reduce__(self) -> str:
        raise self.raised


class Failure(Exception):
    """Is recorded with its text."""

    raised: BaseException = SystemExit(3)

    def __str__(self) -> str:
        raise self.raised


class Money:
    """Is taught."""

    raised: BaseException = SystemExit(3)


class Unsorted(type):
    """Raises when its classes are looked up."""

    raised: BaseException = SystemExit(3)

    def __hash__(cls) -> int:
        raise Unsorted.raised


class Sorted(metaclass=Unsorted):
    """Has no hash."""


def take_apart(_: Money) -> Any:
    """Raise what was wanted."""
    raise Money.raised


MAKERS: dict[str, Callable[[], Any]] = {
    "a repr": Opaque, "a message": Failure, "a codec": Money, "a metaclass": Sorted
}  # fmt: skip


@pytest.fixture(autouse=True)
def _taught() -> Iterator[None]:
    before = dict(taught.TAUGHT)
    codec(Money, take_apart, lambda _: Money())
    yield
    taught.TAUGHT.clear()
    taught.TAUGHT.update(before)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("may_pickle", [False, True])
@pytest.mark.parametrize("raised", [SystemExit(3), pytest.fail.Exception("no"), GeneratorExit()])
def test_what_a_value_raises_stays_inside(
    monkeypatch: pytest.MonkeyPatch, name: str, may_pickle: bool, raised: BaseException
) -> None:
    """What is beside it is recorded, unless its class cannot even be looked up."""
    for cls in (Opaque, Failure, Money, Unsorted):
        monkeypatch.setattr(cls, "raised", raised)
    payload = encode({"beside": 1, "it": MAKERS[name]()}, Redactor(), may_pickle=may_pickle).payload
    assert b'"beside":1' in payload or name == "a metaclass"


@pytest.mark.parametrize("name", MAKERS)
def test_an_interrupt_is_the_users(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Ctrl-C may come at any time, and is not swallowed."""
    for cls in (Opaque, Failure, Money, Unsorted):
        monkeypatch.setattr(cls, "raised", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        encode({"beside": 1, "it": MAKERS[name]()}, Redactor())
