"""A program that spreads its calls over processes in every way; `python spreading.py METHOD` prints what came back."""

import multiprocessing
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import treadle

context: Any = multiprocessing.get_context(sys.argv[1])
NUMBERS = range(4)


@treadle.trace
def work(number: int, more: int = 0) -> int:
    """Answer, and call another."""
    return inner(number + more)


@treadle.trace
def inner(number: int) -> int:
    """Be called under a call in another process."""
    return number


def twice(number: int) -> int:
    """Make two calls in one task."""
    return work(number) + work(number, 10)


def fail() -> None:
    """Raise in the worker."""
    raise ValueError("as it was")


def prepare() -> None:
    """Be the initializer of a pool."""
    work(99)


class OwnRun(context.Process):
    """Has a `run` of its own, and an attribute."""

    def __init__(self, number: int) -> None:
        super().__init__(name=f"own-{number}", daemon=True)
        self.number = number

    def run(self) -> None:
        """Work on the attribute."""
        assert (self.name, self.daemon) == (f"own-{self.number}", True)
        work(self.number)


def finish(process: Any) -> None:
    """Wait for a process that must end well."""
    process.join()
    assert process.exitcode == 0, process


@treadle.trace
def through_processes() -> None:
    """Start processes one by one; one is started again, in vain."""
    processes = [context.Process(target=work, args=(number,)) for number in NUMBERS]
    processes.append(OwnRun(4))
    for process in processes:
        before = set(vars(process)) - {"_target", "_args", "_kwargs"}
        process.start()
        assert set(vars(process)) == before | {"_sentinel"}
    for process in processes:
        finish(process)
    try:
        processes[0].start()
    except AssertionError as error:
        print("again:", error)


@treadle.trace
def through_an_executor() -> None:
    """Submit one by one, and by map in chunks; an exception comes back."""
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = [pool.submit(twice, number) for number in NUMBERS]
        assert [future.result() for future in futures] == [10, 12, 14, 16]
        assert list(pool.map(work, [4, 5, 6], chunksize=2)) == [4, 5, 6]
        failed = pool.submit(fail).exception()
        print("failed:", failed, type(failed.__cause__).__name__, "in fail" in str(failed.__cause__))
        unpicklable = pool.submit(lambda: 1).exception()
        print("unpicklable:", type(unpicklable).__name__)


@treadle.trace
def through_a_pool() -> None:
    """Use every way into a pool; a callback works too."""
    done = threading.Event()
    with context.Pool(2, maxtasksperchild=3) as pool:
        assert pool.apply(work, (0,)) == 0
        pool.apply_async(work, (1,), callback=lambda number: (inner(number), done.set())).get()
        assert pool.map(work, [2, 3, 4], 2) == [2, 3, 4]
        assert pool.map_async(work, [5]).get() == [5]
        assert list(pool.imap(work, iter([6, 7]))) == [6, 7]
        assert sorted(pool.imap_unordered(work, [8, 9], 2)) == [8, 9]
        assert pool.starmap(work, [(10, 1)]) == [11]
        assert pool.starmap_async(work, [(12, 1)]).get() == [13]
        assert done.wait(10)
        try:
            pool.apply(fail)
        except ValueError as error:
            print("failed:", error, type(error.__cause__).__name__)
        try:
            list(pool.imap(work, (int(text) for text in ["no number"])))
        except ValueError as error:
            print("not begun:", error.__cause__)


@treadle.trace
def through_initializers() -> None:
    """Make pools whose workers prepare themselves."""
    with context.Pool(2, prepare) as pool:
        pool.map(int, ["1", "2"])
        pool.close()
        pool.join()
    with ProcessPoolExecutor(1, mp_context=context, initializer=prepare) as executor:
        assert executor.submit(int, "3").result() == 3


@treadle.trace
def through_nested_processes() -> None:
    """Start a process that scores, names itself and spreads on."""
    process = context.Process(target=spread_on)
    process.start()
    finish(process)


def spread_on() -> None:
    """Start threads and say where this is."""
    current = treadle.current()
    assert current is not None
    treadle.score("spread", 1, comment=current.span_id)
    thread = threading.Thread(target=work, args=(1,))
    thread.start()
    thread.join()
    work(0)


if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=context) as outside:
        print("first:", outside.submit(work, 100).result())
        through_processes()
        through_an_executor()
        through_a_pool()
        through_initializers()
        through_nested_processes()
        print("last:", outside.submit(work, 101).result())
