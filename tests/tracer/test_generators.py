"""Traced generators: driven as before, recorded chunk by chunk, ended once."""

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace

import recorded
import treadle


@treadle.trace
def plain(number: int, *, factor: int = 2) -> int:
    """Double."""
    return number * factor


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


def test_a_generator_is_recorded_chunk_by_chunk(store: Path) -> None:
    """It yields and returns what it would; the chunks are events, the output their list and the returned value."""

    def consume() -> Generator[Any, Any, Any]:
        return (yield from counting(3))

    consumer = consume()
    assert [next(consumer), next(consumer), next(consumer)] == [0, 1, 2]
    with pytest.raises(StopIteration) as stop:
        next(consumer)
    assert stop.value.value == "done"
    call = recorded.only(store)
    assert (call.chunks, call.status, call.closed) == ([0, 1, 2], "ok", False)
    assert call.end["out"] == {"$": "stream", "v": [0, 1, 2], "returned": "done"}


def test_texts_of_a_generator_are_joined(store: Path) -> None:
    """The sum of texts is their text."""

    @treadle.trace
    def words() -> Generator[str]:
        yield "one "
        yield "two"

    assert list(words()) == ["one ", "two"]
    assert recorded.only(store).output == "one two"


def test_send_and_throw_reach_the_generator(store: Path) -> None:
    """A generator is driven as before, and catches what is thrown into it."""

    @treadle.trace
    def careful() -> Generator[Any, Any, None]:
        try:
            sent = yield "first"
            yield ("sent", sent)
        except ZeroDivisionError:
            yield "caught"

    running = careful()
    assert next(running) == "first"
    assert running.send(5) == ("sent", 5)
    assert running.throw(ZeroDivisionError()) == "caught"
    assert list(running) == []
    assert (recorded.only(store).status, len(recorded.only(store).chunks)) == ("ok", 3)


def test_an_error_thrown_into_a_generator_that_does_not_catch_it_fails_it(store: Path) -> None:
    """It comes out again unchanged, and is recorded."""
    running = counting(2)
    next(running)
    with pytest.raises(KeyError, match="thrown"):
        running.throw(KeyError("thrown"))
    assert recorded.only(store).end["error"]["type"] == "KeyError"


def test_a_generator_begins_when_it_is_first_resumed(store: Path) -> None:
    """One that is made and never resumed leaves nothing."""
    unused = counting(2)
    unused.close()
    del unused
    assert recorded.records(store) == []


@pytest.mark.parametrize("how", ["break", "close", "drop", "return"])
def test_a_generator_left_early_ends_once_without_an_error(store: Path, how: str) -> None:
    """Break, close, dropping it or a consumer that returns: the cleanup runs, the span is closed."""
    cleaned = []

    @treadle.trace
    def held() -> Generator[int, None, None]:
        try:
            yield 1
            yield 2
        finally:
            cleaned.append(treadle.current() is not None)

    running = held()
    next(running)
    if how == "break":
        for _ in running:
            break
    if how == "close":
        running.close()
        running.close()
    del running
    gc.collect()
    assert cleaned == [True]
    assert (recorded.only(store).status, recorded.only(store).closed) == ("ok", True)


async def test_an_async_generator_is_recorded(store: Path) -> None:
    """Chunks, what is sent, and its end."""
    running = counting_later(2)
    assert await anext(running) == 0
    assert await running.asend("x") == "x"
    assert [value async for value in running] == [1]
    call = recorded.only(store)
    assert (call.chunks, call.status, call.closed) == ([0, "x", 1], "ok", False)


async def test_an_async_generator_catches_what_is_thrown(store: Path) -> None:
    """`athrow` reaches it."""

    @treadle.trace
    async def careful() -> AsyncGenerator[str]:
        try:
            yield "first"
        except ZeroDivisionError:
            yield "caught"

    running = careful()
    await anext(running)
    assert await running.athrow(ZeroDivisionError()) == "caught"
    await running.aclose()
    assert (recorded.only(store).status, recorded.only(store).closed) == ("ok", True)


async def test_an_async_generator_left_early_is_closed(store: Path) -> None:
    """A break and a close end the span without an error."""
    running = counting_later(5)
    async for _ in running:
        break
    await running.aclose()
    assert (recorded.only(store).status, recorded.only(store).closed) == ("ok", True)


def test_an_abandoned_async_generator_is_ended_by_the_loop(store: Path) -> None:
    """One that is never closed is closed by the loop at its end, in another task, without a warning."""

    async def abandon() -> None:
        running = counting_later(5)
        await anext(running)
        held.append(running)

    held: list[Any] = []
    asyncio.run(abandon())
    assert (recorded.only(store).status, recorded.only(store).closed) == ("ok", True)


async def test_an_async_generator_is_finished_in_another_task(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Begun here and finished there, it ends once, and no context is detached where it was not attached."""
    running = counting_later(3)
    await anext(running)

    async def finish() -> list[Any]:
        return [value async for value in running]

    assert await asyncio.create_task(finish()) == [1, 2]
    assert (recorded.only(store).status, caplog.records) == ("ok", [])


def test_a_generator_is_finished_in_another_thread(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Begun here and finished there, likewise."""
    running = counting(3)
    next(running)
    thread = threading.Thread(target=lambda: list(running))
    thread.start()
    thread.join()
    assert (recorded.only(store).status, recorded.only(store).chunks, caplog.records) == ("ok", [0, 1, 2], [])


def test_the_consumer_of_a_generator_is_no_child_of_it(store: Path) -> None:
    """A span is current only while user code of it runs."""

    @treadle.trace
    def consumer() -> int:
        return sum(plain(number) for number in counting(2))

    assert consumer() == 2
    (root,) = recorded.roots(store)
    assert root.tree == ["consumer", ["counting"], ["plain"], ["plain"]]


def test_a_generator_belongs_to_the_call_that_made_it(store: Path) -> None:
    """Made inside a call and consumed after that returned, it is still that call's child."""

    @treadle.trace
    def make() -> Generator[int, Any, str]:
        return counting(2)

    @treadle.trace
    def elsewhere(numbers: Any) -> list[int]:
        return list(numbers)

    elsewhere(make())
    assert [root.tree for root in recorded.roots(store)] == [["make", ["counting"]], ["elsewhere"]]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2, 1), (1, 0, 2), (1, 2, 0)], ids=str)
def test_blocks_that_generators_hold_open_may_end_in_any_order(store: Path, order: tuple[int, ...]) -> None:
    """The one that is open stays current, and what is made after the last belongs to none of them."""

    def block(number: int) -> Generator[int, None, None]:
        with treadle.span(f"block {number}"):
            yield number

    @treadle.trace
    def consumer() -> None:
        blocks = [block(number) for number in range(len(order))]
        for each in blocks:
            next(each)
        for number in order[:-1]:
            blocks[number].close()
        plain(1)
        blocks[order[-1]].close()
        plain(2)

    consumer()
    calls = recorded.calls(store)
    by_span = {call.start["span"]: call.name for call in calls}
    parents = [by_span[call.start["parent"]] for call in calls if call.name == "plain"]
    assert parents == [f"block {order[-1]}", "consumer"]
    assert [call.status for call in calls] == ["ok"] * (len(order) + 3)
    assert treadle.current() is None
    assert trace.get_current_span() is trace.INVALID_SPAN
