"""A child hangs under the call that submitted it, and is numbered by where it was submitted."""

import asyncio
import gc
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle

NUMBERS = range(6)


@treadle.trace
def work(number: int) -> int:
    """Take a while."""
    threading.Event().wait(random.uniform(0, 0.01))
    return number


@treadle.trace
async def work_later(number: int) -> int:
    """Take a while, later."""
    await asyncio.sleep(random.uniform(0, 0.01))
    return number


@treadle.trace
async def through_gather() -> None:
    """Submit by gather."""
    await asyncio.gather(*(work_later(number) for number in NUMBERS))


@treadle.trace
async def through_tasks() -> None:
    """Submit by create_task, and wait for whichever is done."""
    tasks = [asyncio.create_task(work_later(number)) for number in NUMBERS]
    for done in asyncio.as_completed(tasks):
        await done


@treadle.trace
async def through_a_group() -> None:
    """Submit to a task group."""
    async with asyncio.TaskGroup() as group:
        for number in NUMBERS:
            group.create_task(work_later(number))


@treadle.trace
async def through_to_thread() -> None:
    """Submit to threads of the loop."""
    await asyncio.gather(*(asyncio.to_thread(work, number) for number in NUMBERS))


@treadle.trace
async def through_an_executor() -> None:
    """Submit to the loop's executor."""
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(None, work, number) for number in NUMBERS))


@treadle.trace
def through_map() -> None:
    """Submit by a pool's map."""
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, NUMBERS)) == list(NUMBERS)


@treadle.trace
def through_submit() -> None:
    """Submit to a pool one by one, and take whichever is done."""
    with ThreadPoolExecutor(3) as pool:
        for future in as_completed([pool.submit(work, number) for number in NUMBERS]):
            future.result()


@treadle.trace
def through_threads() -> None:
    """Start threads."""
    threads = [threading.Thread(target=work, args=(number,)) for number in NUMBERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


WAYS: list[Callable[[], Any]] = [
    through_gather,
    through_tasks,
    through_a_group,
    through_to_thread,
    through_an_executor,
    through_map,
    through_submit,
    through_threads,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_children_hang_under_the_call_that_submitted_them(store: Path, way: Callable[[], Any]) -> None:
    """Through tasks, threads and pools, each in the place of its submission, whatever ended first."""
    result = way()
    if asyncio.iscoroutine(result):
        asyncio.run(result)
    (root,) = recorded.roots(store)
    places = {call.given["number"]: call.start["ord"] for call in root.children}
    assert {call.start["trace"] for call in root.children} == {root.start["trace"]}
    if way is through_to_thread:
        # `gather` makes a task of each, and each task submits one thread.
        assert places == {number: f"{number}.0.0" for number in NUMBERS}
    else:
        assert places == {number: f"{number}.0" for number in NUMBERS}


def test_grandchildren_are_numbered_by_the_whole_way(store: Path) -> None:
    """A task in a task counts below it, calls apart from submissions."""

    @treadle.trace
    async def outer() -> None:
        async def branch(number: int) -> None:
            await work_later(number)
            await asyncio.gather(work_later(number + 10), work_later(number + 20))

        await work_later(99)
        await asyncio.gather(branch(1), branch(2))

    asyncio.run(outer())
    (root,) = recorded.roots(store)
    places = {call.given["number"]: call.start["ord"] for call in root.children}
    assert places == {99: "0", 1: "0.0", 11: "0.0.0", 21: "0.1.0", 2: "1.0", 12: "1.0.0", 22: "1.1.0"}


def test_a_pool_made_outside_takes_the_parent_of_each_submission(store: Path) -> None:
    """A worker thread that lived before, and lives on, belongs to nobody."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()

        @treadle.trace
        def first() -> None:
            pool.submit(work, 1).result()

        @treadle.trace
        def second() -> None:
            pool.submit(work, 2).result()

        first()
        second()
        pool.submit(work, 3).result()
    assert [root.tree for root in recorded.roots(store)] == [["first", ["work"]], ["second", ["work"]], ["work"]]


def test_the_users_own_context_is_not_carried(store: Path) -> None:
    """Threads see the user's context variables as without Treadle."""
    variable = ContextVar("variable", default="unset")
    seen = []

    @treadle.trace
    def outer() -> None:
        variable.set("set")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: seen.append(variable.get())).result()

    outer()
    assert seen == ["unset"]


async def test_a_collected_async_generator_takes_no_number(store: Path) -> None:
    """When the garbage collector runs is no property of the code: what it closes is not counted as submitted."""

    async def numbers() -> Any:
        yield 1
        yield 2

    @treadle.trace
    async def outer() -> None:
        async for _ in numbers():
            break
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.gather(work_later(1))

    await outer()
    (root,) = recorded.roots(store)
    assert root.children[0].start["ord"] == "0.0"


def test_inputs_are_what_they_were_when_the_call_began(store: Path) -> None:
    """A function that changes its arguments does not change the record."""

    @treadle.trace
    def change(items: list[int]) -> None:
        items.clear()

    change([1, 2])
    assert recorded.only(store).given == {"items": [1, 2]}


def test_a_traced_call_from_a_finaliser_is_recorded(store: Path) -> None:
    """`__del__` may call traced functions."""

    class Held:
        def __del__(self) -> None:
            work(1)

    Held()
    gc.collect()
    assert recorded.only(store).output == 1


class Held:
    """Waits for a future, and holds up whoever tells it that the future is done."""

    def __init__(self) -> None:
        self.told, self.let_go = threading.Event(), threading.Event()

    def add_result(self, _: Any) -> None:
        """Hold up."""
        self.told.set()
        self.let_go.wait(10)


def test_futures_are_noted_in_the_order_in_which_their_waiters_are_told(store: Path) -> None:
    """A thread may be held up between telling that its future is done and calling back: another is not before it."""

    @treadle.trace
    def outer() -> None:
        begin = [threading.Event(), threading.Event()]
        held = Held()
        with ThreadPoolExecutor(2) as pool:
            first, second = (pool.submit(event.wait, 10) for event in begin)
            first._waiters.append(held)  # type: ignore[arg-type]
            begin[0].set()
            assert held.told.wait(10)
            begin[1].set()
            assert second.result(10)
            held.let_go.set()
            assert first.result(10)

    outer()
    done = recorded.only(store).end["attrs"]["treadle.submissions_done"]
    assert done["0"] < done["1"]
