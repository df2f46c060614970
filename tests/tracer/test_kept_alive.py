"""Nothing of a call is kept alive by its record: with the garbage collector off, all is freed with the last use."""

import asyncio
import gc
import linecache
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

import treadle


class Held:
    """Can be referred to weakly, and shows itself."""

    def __repr__(self) -> str:
        return "held"


class Broken(Held):
    """Makes the description of a failure fail in the middle."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class OddError(Exception):
    """Can be referred to weakly, unlike a ValueError."""


References = list["weakref.ref[Any]"]


@treadle.trace
def function(held: Any, fails: bool, references: References) -> Any:
    """Hold a value in a local, and return or fail."""
    local = type(held)()
    references.append(weakref.ref(local))
    if fails:
        references.append(weakref.ref(error := OddError(local)))
        try:
            raise error
        finally:
            del error
    return local


@treadle.trace
async def coroutine(held: Any, fails: bool, references: References) -> Any:
    """Do the same, later."""
    await asyncio.sleep(0)
    return function(held, fails, references)


@treadle.trace
def generator(held: Any, fails: bool, references: References) -> Generator[Any, Any, Any]:
    """Do the same, and yield it."""
    yield held
    yield function(held, fails, references)


@treadle.trace
async def async_generator(held: Any, fails: bool, references: References) -> AsyncGenerator[Any, Any]:
    """Do the same, and yield it later."""
    yield held
    await asyncio.sleep(0)
    yield function(held, fails, references)


def block(held: Any, fails: bool, references: References) -> None:
    """Do the same in a block."""
    with treadle.span("block", held=held) as span:
        span.set_output(function(held, fails, references))


def thrown_into(held: Any, fails: bool, references: References) -> None:
    """Throw a failure into a generator, which lets it go through."""
    stream = generator(held, False, references)
    next(stream)
    references.append(weakref.ref(error := OddError(held)))
    try:
        if fails:
            stream.throw(error)
    finally:
        del error


async def consumed(held: Any, fails: bool, references: References) -> None:
    """Read an async generator to its end."""
    async for _ in async_generator(held, fails, references):
        pass


async def thrown_into_later(held: Any, fails: bool, references: References) -> None:
    """Throw a failure into an async generator."""
    stream = async_generator(held, False, references)
    await anext(stream)
    references.append(weakref.ref(error := OddError(held)))
    try:
        if fails:
            await stream.athrow(error)
        else:
            await stream.aclose()
    finally:
        del error


def finished(later: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end without an event loop, which makes circles of its own."""
    try:
        while True:
            later.send(None)
    except StopIteration as stop:
        return stop.value


FLAVOURS: dict[str, Callable[[Any, bool, References], Any]] = {
    "function": function,
    "coroutine": lambda *given: finished(coroutine(*given)),
    "generator": lambda *given: list(generator(*given)),
    "async generator": lambda *given: finished(consumed(*given)),
    "block": block,
    "thrown into": thrown_into,
    "thrown into later": lambda *given: finished(thrown_into_later(*given)),
}


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Turn the garbage collector off: what refers to itself in a circle is not freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("kind", [Held, Broken])
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("no_collector")
def test_nothing_of_a_call_outlives_it(store: Path, flavour: str, fails: bool, kind: type[Held]) -> None:
    """Arguments, locals, results and exceptions of a call that returned, and of one that failed."""
    references: References = []
    held = kind()
    references.append(weakref.ref(held))
    try:
        FLAVOURS[flavour](held, fails, references)
    except OddError:
        assert fails
    del held
    assert len(references) > 1
    assert [reference() for reference in references if reference() is not None] == []


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.usefixtures("no_collector")
def test_a_failure_that_cannot_be_described_is_freed_too(
    store: Path, flavour: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fault is ours then: it is told, and holds nothing."""

    def broken(file: str, line: int) -> str:
        raise RuntimeError("no source")

    monkeypatch.setattr(linecache, "getline", broken)
    test_nothing_of_a_call_outlives_it(store, flavour, fails=True, kind=Held)
    assert "no source" in capsys.readouterr().err


@pytest.mark.usefixtures("no_collector")
def test_a_block_that_failed_leaves_no_locals_in_its_frame(store: Path) -> None:
    """The frame goes on running: what it deletes later is freed then."""
    held = Held()
    reference = weakref.ref(held)
    with pytest.raises(OddError), treadle.span("fails"):
        raise OddError
    del held
    assert reference() is None


def test_the_users_own_view_of_their_locals_is_left_alone(store: Path) -> None:
    """What `locals()` returned before a failure is whole after it."""

    def run() -> dict[str, Any]:
        first = 1
        seen = locals()
        with pytest.raises(OddError), treadle.span("fails"):
            raise OddError
        assert first == 1
        return seen

    assert run()["first"] == 1
