"""What a value's own code raises stays inside, be it no ordinary exception: only what a signal raises is the user's."""

import functools
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

import treadle
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


class Slow(threading.local):
    """Is being shown when a signal comes."""

    def __repr__(self) -> str:
        signal.raise_signal(signal.SIGTERM)
        return "slow"

    def __reduce__(self) -> str:
        return repr(self)


def leave(number: int, frame: FrameType | None) -> None:
    """Handle the signal."""
    sys.exit(3)


class Leaver:
    """Handles the signal too."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Leave."""
        leave(number, frame)

    leave = __call__


HANDLERS: dict[str, Any] = {
    "a function": leave,
    "an object": Leaver(),
    "a method": Leaver().leave,
    "a partial": functools.partial(lambda _, number, frame: leave(number, frame), None),
    "a traced one": treadle.trace(leave),
}


@pytest.fixture
def _handled(request: pytest.FixtureRequest) -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, HANDLERS[request.param])
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_handled")
@pytest.mark.parametrize("_handled", HANDLERS, indirect=True)
def test_an_exit_by_a_signal_is_the_programs() -> None:
    """Its handler may run while a value is encoded, or shown as a local of what failed."""

    @treadle.trace
    def fail() -> None:
        slow = Slow()
        raise ValueError(slow)

    with pytest.raises(SystemExit):
        encode({"beside": 1, "it": Slow()}, Redactor())
    with pytest.raises(SystemExit):
        fail()
