"""However a program ends, what it had done is on disk, and what it was doing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from programs import LONGEST_RUN_S

PROGRAM = """
import ctypes, faulthandler, os, resource, signal, sys, threading, treadle

@treadle.trace
def done(number):
    return number

@treadle.trace
def stream():
    yield "a"
    yield "b"
    end()
    yield "c"

@treadle.trace
def chain():
    for number in range(20):
        done(number)
    for _ in stream():
        pass

def end():
    {}

chain()
"""
ENDS = {
    "kill": ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    "exit at once": ("os._exit(3)", 3),
    "segfault": ("ctypes.string_at(0)", -signal.SIGSEGV),
    "abort": ("os.abort()", -signal.SIGABRT),
    "terminate": ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    "kill in another thread": (
        "threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGKILL)).start(); signal.pause()",
        -signal.SIGKILL,
    ),
    "processor time": (
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n    while True: pass",
        -signal.SIGKILL,
    ),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_program_that_ends_at_once_leaves_everything(store: Path, how: str) -> None:
    """Every finished step is there with its output, every open one with its inputs and chunks."""
    act, code = ENDS[how]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(act)], capture_output=True, timeout=LONGEST_RUN_S, check=False
    )
    assert (ended.returncode, ended.stdout) == (code, b"")
    (root,) = recorded.roots(store)
    *finished, stream = root.children
    assert [call.output for call in finished] == list(range(20))
    assert (root.status, stream.status, stream.chunks) == ("running", "running", ["a", "b"])


OUT_OF_MEMORY = """
import resource, sys, treadle

@treadle.trace
def grow(size):
    return bytearray(size)

@treadle.trace
def chain():
    grow(10)
    held = []
    try:
        while True:
            held.append(grow(50_000_000))
    except MemoryError:
        failed = len(held)
    del held
    grow(20)
    return failed > 0

grow(1)
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
print(chain())
"""


def test_a_program_without_memory_is_recorded_as_it_went(store: Path) -> None:
    """The call that failed says so, those before and after it are whole, and the program catches what it would."""
    ended = subprocess.run(
        [sys.executable, "-c", OUT_OF_MEMORY], capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "True\n"), ended.stderr
    assert ended.stderr.count("\n") <= 1
    root = recorded.named(store, "chain")
    assert (root.status, root.output) == ("ok", True)
    *before, failed, after = root.children
    assert failed.end is not None
    assert failed.end["error"]["type"] == "MemoryError"
    assert {call.status for call in (*before, after)} == {"ok"}
    assert after.given == {"size": 20}


NAMESPACES = """
import os, sys, treadle
@treadle.trace
def work(name): return os.getpid()
work(sys.argv[1])
"""


def test_two_processes_of_one_pid_have_journals_of_their_own(store: Path) -> None:
    """In containers that share a store every program may be process 1."""
    command = ["unshare", "--pid", "--fork", "--map-root-user", sys.executable, "-c", NAMESPACES]
    for name in ("one", "two"):
        ended = subprocess.run([*command, name], capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False)
        if "unshare" in ended.stderr:
            pytest.skip(ended.stderr)
        assert ended.returncode == 0, ended.stderr
    assert {(call.given["name"], call.output) for call in recorded.calls(store)} == {("one", 1), ("two", 1)}
    assert len({journal.name for journal in recorded.journals(store)}) == 2
    assert len({call.start["span"] for call in recorded.calls(store)}) == 2


CLOCKS = """
import time
real, jumped_ns = time.time_ns, [0]
time.time_ns = lambda: real() + jumped_ns[0]
time.time = lambda: time.time_ns() / 1e9
import treadle
@treadle.trace
def work(number): return number
work(1)
jumped_ns[0] = -3_600_000_000_000
work(2)
jumped_ns[0] = 3_600_000_000_000
work(3)
"""


def test_a_wall_clock_that_jumps_moves_no_step(store: Path) -> None:
    """It is read once a process: order and durations are those of the monotonic clock."""
    subprocess.run([sys.executable, "-c", CLOCKS], check=True, timeout=LONGEST_RUN_S)
    times = [record["t"] for record in recorded.records(store) if record["r"] in ("start", "end")]
    assert times == sorted(times)
    assert times[-1] - times[0] < LONGEST_RUN_S * 1_000_000_000
