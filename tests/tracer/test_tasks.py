"""Tasks and callbacks of an event loop hang under the call that made them, whoever makes the task."""

import asyncio
import contextvars
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

import recorded
import treadle


@treadle.trace
def work(number: int) -> int:
    """Answer."""
    return number


async def later(number: int) -> int:
    """Be a task that calls."""
    await asyncio.sleep(0)
    return work(number)


def places(root: recorded.Recorded) -> dict[int, str]:
    """Return the places of the calls under a root, by their number."""
    assert {child.start["trace"] for child in root.children} == {root.start["trace"]}
    return {call.given["number"]: call.start["ord"] for call in root.children}


def test_a_runner_that_lives_longer_takes_the_parent_of_each_run(store: Path) -> None:
    """Its context is its own: what ran in it before leaves nothing there."""

    @treadle.trace
    def inside(runner: asyncio.Runner) -> None:
        runner.run(later(1))
        runner.run(later(2))

    with asyncio.Runner() as runner:
        runner.run(later(0))
        inside(runner)
        runner.run(later(3))
    roots = recorded.roots(store)
    assert [root.tree for root in roots] == [["work"], ["inside", ["work"], ["work"]], ["work"]]
    assert places(roots[1]) == {1: "0.0", 2: "1.0"}


async def test_a_context_that_was_copied_in_a_call_keeps_that_call(store: Path) -> None:
    """A task that is created in it elsewhere hangs where the context comes from."""

    @treadle.trace
    async def first() -> contextvars.Context:
        return contextvars.copy_context()

    @treadle.trace
    async def second(context: contextvars.Context) -> None:
        await asyncio.create_task(later(1), context=context)

    context = await first()
    await asyncio.create_task(later(2), context=context)
    await second(context)
    assert [root.tree for root in recorded.roots(store)] == [["first", ["work"], ["work"]], ["second"]]
    assert places(recorded.named(store, "first")) == {2: "0.0", 1: "1.0"}


async def test_a_task_group_may_share_one_context(store: Path) -> None:
    """Tasks side by side in a context of the user's are all children, whichever ends first, and nothing stays in it."""
    context = contextvars.Context()

    async def late(number: int) -> None:
        for _ in range(5 * number):
            await asyncio.sleep(0)
        work(number)

    @treadle.trace
    async def outer() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(late(number), context=context)

    await outer()
    await asyncio.create_task(later(9), context=context)
    (root, alone) = recorded.roots(store)
    assert set(places(root)) == {0, 1, 2}
    assert alone.given["number"] == 9


async def test_a_factory_of_the_users_makes_the_task(store: Path) -> None:
    """Also one that knows nothing of contexts, and what it makes is numbered like any other."""
    made = []

    def factory(loop: asyncio.AbstractEventLoop, coro: Any) -> "asyncio.Task[Any]":
        made.append(coro.__name__)
        return asyncio.Task(coro, loop=loop)

    @treadle.trace
    async def outer() -> None:
        await asyncio.gather(later(1), later(2))

    loop = asyncio.get_running_loop()
    loop.set_task_factory(factory)  # type: ignore[arg-type] # as people write them
    try:
        await outer()
    finally:
        loop.set_task_factory(None)
    assert made == ["later", "later"]
    assert places(recorded.roots(store)[0]) == {1: "0.0", 2: "1.0"}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")
async def test_an_eager_task_is_numbered_as_a_task(store: Path) -> None:
    """It runs while it is created, and its calls count in its own lane all the same."""

    @treadle.trace
    async def outer() -> None:
        async def now(number: int) -> None:
            work(number)

        await asyncio.gather(now(1), now(2))
        work(3)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
    try:
        await outer()
    finally:
        loop.set_task_factory(None)
    assert places(recorded.roots(store)[0]) == {1: "0.0", 2: "1.0", 3: "0"}


class OwnLoop(asyncio.AbstractEventLoop):
    """An event loop that is no BaseEventLoop: it makes its tasks itself, and has another loop do the rest."""

    def __init__(self) -> None:
        self._inner = asyncio.SelectorEventLoop()

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> "asyncio.Task[Any]":  # type: ignore[override]
        """Make a task as uvloop does."""
        return asyncio.Task(coro, loop=self._inner, **options)

    def __getattribute__(self, name: str) -> Any:
        """Hand on everything else."""
        own = ("_inner", "create_task", "__class__")
        return object.__getattribute__(self, name) if name in own else getattr(self._inner, name)


def test_a_loop_of_another_kind_keeps_the_parent(store: Path) -> None:
    """Its tasks copy the context as all tasks do: each call has its parent, and a place of its own."""

    @treadle.trace
    async def outer(loop: OwnLoop) -> None:
        await asyncio.wait([loop.create_task(later(number)) for number in range(3)])

    loop = OwnLoop()
    loop.run_until_complete(loop.create_task(outer(loop)))
    loop.close()
    (root,) = recorded.roots(store)
    assert sorted(places(root)) == [0, 1, 2]
    assert len(set(places(root).values())) == 3


async def test_callbacks_of_the_loop_belong_to_the_call_that_asked_for_them(store: Path) -> None:
    """Through call_soon, call_later, call_at and call_soon_threadsafe, also from a thread."""

    @treadle.trace
    async def outer() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Queue[int] = asyncio.Queue()
        ways: list[Callable[..., Any]] = [
            loop.call_soon,
            lambda *rest: loop.call_later(0, *rest),
            lambda *rest: loop.call_at(loop.time(), *rest),
            loop.call_soon_threadsafe,
        ]
        for number, way in enumerate(ways):
            way(lambda number=number: done.put_nowait(work(number)))
        await asyncio.to_thread(loop.call_soon_threadsafe, lambda: done.put_nowait(work(9)))
        assert {await done.get() for _ in range(5)} == {0, 1, 2, 3, 9}

    await outer()
    (root,) = recorded.roots(store)
    assert set(places(root)) == {0, 1, 2, 3, 9}
    assert len(set(places(root).values())) == 5


async def test_a_coroutine_sent_to_a_loop_from_a_thread_keeps_its_parent(store: Path) -> None:
    """`run_coroutine_threadsafe` belongs to the thread's call."""

    @treadle.trace
    async def outer() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(later(1), loop).result())

    await outer()
    assert places(recorded.roots(store)[0]) == {1: "0.0.0"}


async def test_anyios_threads_take_the_parent_of_each_piece(store: Path) -> None:
    """A worker thread is nobody's: the first call to need one neither keeps it, nor gives a number to its start."""

    @treadle.trace
    async def outer() -> None:
        await anyio.to_thread.run_sync(work, 0)
        await asyncio.gather(later(1))

    await outer()
    await outer()
    await anyio.to_thread.run_sync(work, 9)
    first, second, alone = recorded.roots(store)
    assert places(first) == places(second) == {0: "0", 1: "0.0"}
    assert alone.given["number"] == 9


def test_a_task_in_a_thread_of_the_users_own(store: Path) -> None:
    """A loop that a thread runs belongs to the call that started the thread."""

    @treadle.trace
    def outer() -> None:
        thread = threading.Thread(target=lambda: asyncio.run(later(1)))
        thread.start()
        thread.join()

    outer()
    assert places(recorded.roots(store)[0]) == {1: "0.0.0"}
