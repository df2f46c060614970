"""A process that forks by hand goes on in two, and both record whole."""

import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from programs import plainly
from treadle import loading

UNWINDING = """
import os, treadle

@treadle.trace
def work(number, who):
    return number

@treadle.trace
def middle():
    work(0, "parent")
    child = os.fork()
    who = "parent" if child else "child"
    if not child:
        with open("childs.txt", "w") as file:
            file.write("the child's own")
            file.flush()
            work(1, who)
            return who
    os.waitpid(child, 0)
    work(2, who)
    return who

@treadle.trace
def outer():
    who = middle()
    work(3, who)
    return who

who = outer()
work(4, who)
"""


def test_both_sides_of_a_fork_number_their_calls_apart(store: Path, tmp_path: Path) -> None:
    """What the child calls is in the place of a submission, in every call that it returns from."""
    (tmp_path / "app.py").write_text(UNWINDING)
    done = plainly("app.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    by_span = {call.start["span"]: call for call in recorded.calls(store)}
    places = {
        (by_span[call.start["parent"]].name, call.given["number"], call.given["who"]): call.start["ord"]
        for call in by_span.values()
        if call.name == "work" and "parent" in call.start
    }
    assert places == {
        ("middle", 0, "parent"): "0",
        ("middle", 1, "child"): "0.0",
        ("middle", 2, "parent"): "1",
        ("outer", 3, "parent"): "1",
        ("outer", 3, "child"): "0.0",
    }
    assert sorted(call.given["who"] for call in recorded.roots(store) if call.name == "work") == ["child", "parent"]


def test_a_call_ends_where_it_began(store: Path, tmp_path: Path) -> None:
    """The child writes no end of its parent's calls: neither twice, nor into a file that took the journal's place."""
    (tmp_path / "app.py").write_text(UNWINDING)
    assert plainly("app.py", cwd=tmp_path).stderr == ""
    ends = [record for record in recorded.records(store) if record["r"] == "end"]
    assert len(ends) == len({end["span"] for end in ends}) == len(recorded.calls(store)) == 9
    assert recorded.named(store, "outer").output == "parent"
    assert (tmp_path / "childs.txt").read_text() == "the child's own"


ROTATING = """
import os, treadle
from treadle import journal

journal.SEGMENT_BYTES = 4000

@treadle.trace
def outer():
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os._exit(0)
    return "x" * 10_000
outer()
"""


def test_a_child_begins_no_segment_of_its_parents_journal(store: Path, tmp_path: Path) -> None:
    """However much it would have written there."""
    (tmp_path / "app.py").write_text(ROTATING)
    assert plainly("app.py", cwd=tmp_path).stderr == ""
    (journal,) = recorded.journals(store)
    assert journal.name.endswith(".0.ndjson")
    assert recorded.only(store).status == "running"


AMONG_THREADS = """
import os, threading, treadle

@treadle.trace
def work(number):
    return number

over = threading.Event()

def record():
    while not over.is_set():
        work(0)

@treadle.trace
def forking():
    threads = [threading.Thread(target=record) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, 9):
        child = os.fork()
        if child == 0:
            thread = threading.Thread(target=work, args=(number,))
            thread.start()
            thread.join()
            work(number)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    over.set()
    for thread in threads:
        thread.join()

if __name__ == "__main__":
    thread = threading.Thread(target=forking)
    thread.start()
    thread.join()
"""


def test_a_fork_inside_a_thread_records_on_both_sides(store: Path, tmp_path: Path) -> None:
    """Whatever the other threads are doing in that moment, the child neither hangs nor loses a call."""
    (tmp_path / "app.py").write_text(AMONG_THREADS)
    assert plainly("app.py", cwd=tmp_path).returncode == 0
    (root,) = recorded.roots(store)
    children = [call for call in root.children if call.given["number"]]
    places = {(call.given["number"], call.start["ord"]) for call in children}
    assert places == {(number, f"{number + 2}.{place}") for number in range(1, 9) for place in ("0", "0.0")}
    assert {call.status for call in children} == {"ok"}


HELD = """
import os, threading, treadle
from concurrent.futures import ThreadPoolExecutor
from treadle import crew, recorder, stack

@treadle.trace
def deep(depth):
    return depth and deep(depth - 1)

@treadle.trace
def work():
    return 1

@treadle.trace
def outer():
    held, free = threading.Event(), threading.Event()
    def hold():
        with crew._lock, recorder._opening, stack._lock:
            held.set()
            free.wait()
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        crew.watch(lambda: None)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()
        os._exit(deep(100))
    assert os.waitpid(child, 0)[1] == 0
    free.set()
    thread.join()

crew.watch(lambda: None)
outer()
"""


def test_locks_that_another_thread_holds_are_made_anew(store: Path, tmp_path: Path) -> None:
    """They would never be let go in the child."""
    (tmp_path / "app.py").write_text(HELD)
    assert plainly("app.py", cwd=tmp_path).returncode == 0
    (root,) = recorded.roots(store)
    assert [call.start["ord"] for call in root.children] == ["1.0.0", "1.0"]


WHILE_LOADING = """
import os, sys, threading, time, treadle
import logging
@treadle.trace
def work(number): return number
thread = threading.Thread(target=work, args=(1,))
thread.start()
time.sleep(float(sys.argv[1]))
child = os.fork()
if child == 0:
    os._exit(work(2))
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


OF_ITS_OWN_THREAD = "ignore:This process:DeprecationWarning"
"""Python 3.12 and later warn who forks beside a thread: the program's own, here."""


@pytest.mark.parametrize("delay_s", ["0", "0.005", "0.02", "0.05", "0.1", "0.2"])
def test_a_fork_while_another_thread_makes_the_first_call_hangs_nobody(store: Path, delay_s: str) -> None:
    """The child may be unrecorded, which it says; it returns what it would, and the parent is recorded."""
    command = [sys.executable, "-W", OF_ITS_OWN_THREAD, "-c", WHILE_LOADING, delay_s]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "2\n")
    assert done.stderr in ("", f"treadle: this run is not recorded whole: {loading.CUT_OFF.why}\n")
    outputs = {call.output for call in recorded.calls(store)}
    assert outputs == ({1, 2} if not done.stderr else {1})
