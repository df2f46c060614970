"""A child hangs under the call that submitted it to another process, however that process was started."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import recorded
from programs import plainly, python

SPREADING = Path(__file__).parent / "spreading.py"
METHODS = ["fork", "spawn", "forkserver"]

EXPECTED_OUTPUT = """\
first: 100
again: cannot start a process twice
failed: as it was _RemoteTraceback True
unpicklable: AttributeError
failed: as it was RemoteTraceback
not begun: None
last: 101
"""
PLACES = {
    "through_processes": {0: "0.0", 1: "1.0", 2: "2.0", 3: "3.0", 4: "4.0"},
    "through_a_pool": {
        0: "0.0",
        1: "2.0",
        2: "3.0.0",
        3: "3.0.1",
        4: "3.1.0",
        5: "4.0.0",
        6: "5.0.0",
        7: "5.1.0",
        8: "6.0.0",
        9: "6.0.1",
        10: "7.0.0",
        12: "8.0.0",
    },
    "through_nested_processes": {0: "0.0", 1: "0.0.0"},
}


class Spread:
    """What the program did, started in one of the three ways."""

    def __init__(self, method: str, folder: Path) -> None:
        self.store = folder / "store"
        environment = {"TREADLE_STORE": str(self.store), "TREADLE_KEY_FILE": str(folder / "key")}
        self.done = subprocess.run(
            [sys.executable, "-W", "error", str(SPREADING), method],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.calls = recorded.calls(self.store)
        self.roots = {root.name: root for root in recorded.roots(self.store)}


@pytest.fixture(scope="module", params=METHODS)
def spread(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spread]:
    """Return what the program did: it runs once for each way to start a process."""
    return Spread(request.param, tmp_path_factory.mktemp(request.param))


def test_the_program_does_what_it_does_alone(spread: Spread) -> None:
    """Results, exceptions with their remote tracebacks, refusals and attributes are as without Treadle."""
    assert (spread.done.returncode, spread.done.stdout, spread.done.stderr) == (0, EXPECTED_OUTPUT, "")


@pytest.mark.parametrize("way", PLACES)
def test_calls_in_processes_hang_where_they_were_submitted(spread: Spread, way: str) -> None:
    """The place is that of the submission, whichever worker took it and however it was started."""
    root = spread.roots[way]
    assert {call.given["number"]: call.start["ord"] for call in root.children if call.name == "work"} == PLACES[way]
    assert [call.tree for call in root.children if call.name == "work"] == [["work", ["inner"]]] * len(PLACES[way])


def test_calls_of_one_task_count_on(spread: Spread) -> None:
    """Two calls in one task, and the items of one chunk, are numbered in its lane."""
    root = spread.roots["through_an_executor"]
    places = {(call.given["number"], call.given["more"]): call.start["ord"] for call in root.children}
    assert places == {
        **{(number, 0): f"{number}.0" for number in range(4)},
        **{(number, 10): f"{number}.1" for number in range(4)},
        (4, 0): "4.0",
        (5, 0): "4.1",
        (6, 0): "5.0",
    }


def test_no_two_calls_are_in_one_place(spread: Spread) -> None:
    """Under each parent every place is taken once, initializers, callbacks and all."""
    places = [(call.start.get("parent"), call.start["ord"]) for call in spread.calls if "parent" in call.start]
    assert len(places) == len(set(places))
    by_span = {call.start["span"]: call for call in spread.calls}
    for call in spread.calls:
        if (parent := by_span.get(call.start.get("parent", ""))) is not None:
            assert call.start["trace"] == parent.start["trace"]
        assert call.status == "ok"


def test_callbacks_and_initializers_belong_to_the_call_that_gave_them(spread: Spread) -> None:
    """A callback runs in a thread of the pool, an initializer in each worker."""
    (callback,) = [call for call in spread.roots["through_a_pool"].children if call.name == "inner"]
    assert (callback.given["number"], callback.start["ord"]) == (1, "1.0")
    initializers = spread.roots["through_initializers"].children
    assert [call.given["number"] for call in initializers] == [99] * 3
    assert sorted(call.start["ord"].partition(".")[0] for call in initializers) == ["0", "0", "2"]


def test_a_worker_belongs_to_no_call(spread: Spread) -> None:
    """What is submitted outside of every call is a trace of its own, also to a worker that served a call before."""
    alone = [root for root in recorded.roots(spread.store) if root.name == "work"]
    assert [root.given["number"] for root in alone] == [100, 101]
    assert len({root.start["trace"] for root in recorded.roots(spread.store)}) == 7


def test_current_and_score_work_in_a_process(spread: Spread) -> None:
    """A child that makes no traced call itself knows under which it runs, and scores its trace."""
    root = spread.roots["through_nested_processes"]
    (score,) = [record for record in recorded.records(spread.store) if record["r"] == "score"]
    assert (score["trace"], score["comment"]) == (root.start["trace"], root.start["span"])


LOADING = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    import treadle
elif len(sys.argv) > 1:
    sys.modules["treadle"] = None

def loaded(_):
    return [name for name in ("treadle.lanes", "opentelemetry", "asyncio") if name in sys.modules]

def tell(queue):
    queue.put(loaded(0))

def everywhere():
    context = multiprocessing.get_context("spawn")
    queue = context.SimpleQueue()
    process = context.Process(target=tell, args=(queue,))
    process.start()
    found = [queue.get()]
    process.join()
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        found.append(executor.submit(loaded, 0).result())
    with context.Pool(1) as pool:
        found += [pool.apply(loaded, (0,)), *pool.map(loaded, [0])]
    return found

if __name__ == "__main__":
    if len(sys.argv) < 2:
        with treadle.span("install"):
            pass
        print("outside", everywhere())
    with treadle.span("inside"):
        print("inside", everywhere())
"""


def test_a_process_loads_what_it_needs(tmp_path: Path) -> None:
    """Outside of every call nothing of ours travels; inside, a child that makes no call loads no OpenTelemetry."""
    (tmp_path / "app.py").write_text(LOADING)
    done = plainly("app.py", cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout == f"outside {[[]] * 4}\ninside {[['treadle.lanes']] * 4}\n"


def test_a_process_that_cannot_load_treadle_does_its_task(tmp_path: Path) -> None:
    """The task runs, without a parent."""
    (tmp_path / "app.py").write_text(LOADING)
    done = plainly("app.py", "without", cwd=tmp_path)
    assert (done.stdout, done.stderr) == (f"inside {[[]] * 4}\n", "")


KILLED = """
import multiprocessing, os, signal, treadle
from concurrent.futures import ProcessPoolExecutor

@treadle.trace
def work(number):
    os.kill(os.getpid(), signal.SIGKILL)

@treadle.trace
def outer():
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        print(type(pool.submit(work, 1).exception()).__name__)
outer()
"""


def test_the_open_call_of_a_killed_worker_is_there(store: Path) -> None:
    """It was on disk before its body ran, under its parent."""
    assert python(KILLED) == "BrokenProcessPool\n"
    (root,) = recorded.roots(store)
    assert (root.status, [call.status for call in root.children]) == ("ok", ["running"])


MANAGED = """
import multiprocessing, os, treadle
from multiprocessing.managers import BaseManager

class Counter:
    @treadle.trace
    def add(self, number):
        return number + 1

class Manager(BaseManager): pass
Manager.register("Counter", Counter)

@treadle.trace
def outer():
    with Manager(ctx=multiprocessing.get_context("fork")) as manager:
        return manager.Counter().add(1)
print(outer())
"""


def test_a_manager_serves_as_it_would(store: Path) -> None:
    """Its process was started by the call, and what its methods do hangs there."""
    assert python(MANAGED) == "2\n"
    assert recorded.roots(store)[0].tree == ["outer", ["add"]]


USERS_SPANS = """
import multiprocessing, treadle
from concurrent.futures import ProcessPoolExecutor
from opentelemetry import trace

def parent_of_theirs():
    ids = trace.get_current_span().get_span_context()
    return f"{ids.trace_id:032x}-{ids.span_id:016x}"

def tell(queue):
    queue.put(parent_of_theirs())

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    with treadle.span("outer"):
        here = treadle.current()
        assert parent_of_theirs() == f"{here.trace_id}-{here.span_id}"
        queue = context.SimpleQueue()
        process = context.Process(target=tell, args=(queue,))
        process.start()
        assert queue.get() == parent_of_theirs()
        process.join()
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            assert pool.submit(parent_of_theirs).result() == parent_of_theirs()
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(parent_of_theirs).result() == "0" * 32 + "-" + "0" * 16
"""


def test_the_users_own_spans_nest_in_a_process(tmp_path: Path) -> None:
    """OpenTelemetry's context travels too, where the task uses OpenTelemetry."""
    (tmp_path / "app.py").write_text(USERS_SPANS)
    done = plainly("app.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
