"""Threads of every kind hang under the call that started them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle


@treadle.trace
def work(number: int) -> int:
    """Answer."""
    return number


class OwnRun(threading.Thread):
    """Has a `run` of its own."""

    def run(self) -> None:
        """Work."""
        work(1)


def places(store: Path) -> dict[int, str]:
    """Return the places of the calls under the one root, by their number."""
    (root,) = recorded.roots(store)
    return {call.given["number"]: call.start["ord"] for call in root.children}


@pytest.mark.parametrize(
    "made", [OwnRun, lambda: threading.Timer(0, work, (1,)), lambda: threading.Thread(target=work, args=(1,))]
)
def test_a_thread_hangs_under_the_call_that_started_it(store: Path, made: Callable[[], threading.Thread]) -> None:
    """Made outside, of whatever class: where it is started counts."""
    thread = made()

    @treadle.trace
    def outer() -> None:
        thread.start()
        thread.join()

    outer()
    assert places(store) == {1: "0.0"}
    assert "run" not in vars(thread)


def test_a_thread_pool_of_multiprocessing_numbers_each_task(store: Path) -> None:
    """By submission and task, whichever thread took it; when each was done is noted."""

    @treadle.trace
    def outer() -> None:
        with ThreadPool(2) as pool:
            assert pool.apply(work, (0,)) == 0
            assert pool.map(work, [1, 2, 3], 1) == [1, 2, 3]
            assert sorted(pool.imap_unordered(work, [4, 5])) == [4, 5]

    outer()
    assert places(store) == {0: "0.0", 1: "1.0.0", 2: "1.1.0", 3: "1.2.0", 4: "2.0.0", 5: "2.1.0"}
    end = recorded.named(store, "outer").end
    assert end is not None
    assert set(end["attrs"]["treadle.submissions_done"]) == {"0", "1.0", "1.1", "1.2", "2.0", "2.1"}


def test_what_a_pool_takes_from_runs_under_the_call(store: Path) -> None:
    """An iterable is consumed by a thread of the pool, and calls in it are children all the same."""

    def numbers() -> Any:
        yield work(1)
        yield work(2)

    @treadle.trace
    def outer() -> None:
        with ThreadPool(1) as pool:
            assert list(pool.imap(str, numbers())) == ["1", "2"]

    outer()
    assert places(store) == {1: "0.0", 2: "0.1"}


def test_an_iterable_that_fails_fails_as_it_would(store: Path) -> None:
    """The error reaches whoever reads the results."""

    def numbers() -> Any:
        yield 1
        raise ValueError("no more")

    @treadle.trace
    def outer() -> None:
        with ThreadPool(1) as pool:
            results = pool.imap(work, numbers())
            assert next(results) == 1
            with pytest.raises(ValueError, match="no more"):
                next(results)

    outer()
    assert places(store) == {1: "0.0.0"}


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ThreadPool])
def test_an_initializer_runs_under_the_call_that_made_the_pool(store: Path, pool: Callable[..., Any]) -> None:
    """Whichever submission starts the worker, and by name or by position."""
    made: list[Any] = []

    @treadle.trace
    def maker() -> None:
        made.append(pool(1, initializer=work, initargs=(1,)))

    @treadle.trace
    def user() -> None:
        assert list(made[0].map(work, [2])) == [2]

    maker()
    user()
    (made[0].shutdown if pool is ThreadPoolExecutor else made[0].terminate)()
    trees = {root.name: [call.given["number"] for call in root.children] for root in recorded.roots(store)}
    assert trees == {"maker": [1], "user": [2]}
