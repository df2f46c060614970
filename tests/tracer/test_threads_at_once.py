"""Many threads that begin to record in the same moment: one journal, whole lines, each function its own number."""

import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from programs import plainly
from treadle.loading import MEANWHILE

THREADS = 8
FUNCTIONS = 40


def made(number: int) -> Any:
    """Return a traced function of its own."""

    def function() -> int:
        return number

    function.__name__ = function.__qualname__ = f"function_{number}"
    return treadle.trace(function)


def test_threads_that_begin_at_once_share_a_journal(store: Path) -> None:
    """However many make the first call together, there is one journal, and every line of it parses."""
    functions = [made(number) for number in range(FUNCTIONS)]
    together = threading.Barrier(THREADS)

    def run() -> None:
        together.wait()
        for function in functions:
            function()

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (journal,) = recorded.journals(store)
    names: dict[int, str] = {}
    for line in journal.read_text().splitlines():
        record = json.loads(line)
        if record["r"] == "function":
            assert names.setdefault(record["f"], record["qualname"]) == record["qualname"]
        if record["r"] == "start":
            assert names[record["f"]] == record["name"]
    calls = recorded.calls(store)
    assert len(calls) == THREADS * FUNCTIONS
    assert all(call.output == int(call.name.removeprefix("function_")) for call in calls)


def test_a_traced_call_from_a_signal_handler_is_recorded(store: Path) -> None:
    """A handler may interrupt a traced call anywhere, and call others itself."""
    inner = made(1)

    @treadle.trace
    def outer() -> None:
        for _ in range(20):
            signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: inner())
    try:
        outer()
    finally:
        signal.signal(signal.SIGUSR1, before)
    (root,) = recorded.roots(store)
    assert [child.name for child in root.children] == ["function_1"] * 20


INTERRUPTED_LOADING = """
import signal, sys
import treadle


class Limit(Exception):
    pass

@treadle.trace
def step(number):
    return number + 1

@treadle.trace
def stream():
    yield step(5)

def handle(*_):
    print(step(0), list(stream()))
    if sys.argv[2] == "raising":
        raise Limit

class Finder:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            sys.argv[1] = ""
            signal.raise_signal(signal.SIGUSR1)

signal.signal(signal.SIGUSR1, handle)
sys.meta_path.insert(0, Finder)
try:
    print(step(1))
except Limit:
    print("limit")
print(step(2))
"""


@pytest.mark.parametrize("loading", ["treadle.call", "orjson", "opentelemetry.context", "treadle.propagation"])
@pytest.mark.parametrize("way", ["returning", "raising"])
def test_a_signal_may_come_while_the_first_call_loads(store: Path, loading: str, way: str) -> None:
    """What its handler calls runs unrecorded, which is told; what it raises comes out; the next call is recorded."""
    done = plainly("-c", INTERRUPTED_LOADING, loading, way, cwd=store.parent)
    assert (done.returncode, done.stdout) == (0, f"1 [6]\n{'limit' if way == 'raising' else 2}\n3\n"), done.stderr
    assert done.stderr == f"treadle: this run is not recorded whole: {MEANWHILE.why}\n"
    assert [call.output for call in recorded.calls(store)] == ([3] if way == "raising" else [2, 3])
