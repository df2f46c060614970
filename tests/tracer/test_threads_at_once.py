"""Many threads that begin to record in the same moment: one journal, whole lines, each function its own number."""

import json
import signal
import threading
from pathlib import Path
from typing import Any

import recorded
import treadle

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
