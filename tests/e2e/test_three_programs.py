"""One store, three programs at once: a debugger that is open, a chain that records, a question in SQL."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import treadle_storage
from e2e.commands import COMMAND, treadle
from owners import kill_owner, owner_pid
from treadle.model import TraceSummary
from treadle_storage.store import Store
from waiting import wait_until

SOON_S = 15.0
"""The promise is a second; a busy machine gets more, for a test asserts no time."""
PROGRAM = """
import sys, treadle

@treadle.trace(kind="tool")
def look_up(line):
    return line.upper()

@treadle.trace
def chain():
    print("started", flush=True)
    for line in sys.stdin:
        print(look_up(line.strip()), flush=True)
    return "done"

chain()
"""


class Looking:
    """A client as the terminal app is: it asks for the version again and again, and reads when that has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._version = -1
        self._traces: list[TraceSummary] = []

    def traces(self) -> list[TraceSummary]:
        """Return what the list shows now."""
        version = self._store.version()
        if version != self._version:
            self._traces = self._store.traces(limit=50)
            self._version = version
        return self._traces

    def shows(self, steps: int, *, status: str = "running", timeout_s: float = SOON_S) -> None:
        """Wait until the list shows one trace with so many steps."""
        wait_until(
            lambda: [(trace.span_count, trace.status) for trace in self.traces()] == [(steps, status)],
            timeout_s=timeout_s,
            what=f"{steps} steps, {status}",
        )


class Chain:
    """The program that records, one call a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def read(self) -> str:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def call(self, line: str) -> None:
        """Have it make one call, and return when it has."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        assert self.read() == line.upper()


@contextmanager
def recording(folder: Path) -> Iterator[Chain]:
    """Run the program until it stands inside its chain; it ends with the block."""
    (folder / "program.py").write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, "program.py"],
        cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        chain = Chain(process)
        assert chain.read() == "started"
        yield chain
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def count_steps() -> int:
    """Ask in a process of its own how many steps there are."""
    asked = treadle("sql", "select count(*) as steps from spans", "--format", "json")
    assert (asked.code, asked.err) == (0, "")
    return int(asked.json[0]["steps"])


def test_a_new_trace_is_seen_within_a_second_while_others_ask(tmp_path: Path, store: Path) -> None:
    """A chain is in the open list within a second of its start, its steps likewise; SQL answers meanwhile."""
    with treadle_storage.open(store, create=True, fresh=False) as opened:
        looking = Looking(opened)
        assert looking.traces() == []
        with recording(tmp_path) as chain:
            looking.shows(1)
            chain.call("oslo")
            looking.shows(2)
            assert count_steps() == 2
        looking.shows(2, status="ok")


def test_nobody_notices_that_the_owner_is_killed(tmp_path: Path, store: Path) -> None:
    """The owner dies twice by kill -9: the open list goes on, the program records on, SQL answers, nothing is lost."""
    with treadle_storage.open(store, create=True, fresh=False) as opened:
        looking = Looking(opened)
        assert looking.traces() == []
        with recording(tmp_path) as chain:
            looking.shows(1)
            first = kill_owner(store)
            chain.call("oslo")
            assert count_steps() == 2
            looking.shows(2)
            wait_until(lambda: owner_pid(store) != first, what="another owner")
            kill_owner(store)
            chain.call("bergen")
            looking.shows(3, timeout_s=10)
            assert count_steps() == 3
        looking.shows(3, status="ok")


def test_a_question_that_is_under_way_outlives_the_owner(store: Path) -> None:
    """The owner is killed while `treadle sql` waits for its answer: it still comes, and nothing else is said."""
    slow = "select sum(a.range * b.range % 7) as total from range(60000) a, range(2000) b"
    with treadle_storage.open(store, create=True) as other:
        alone = other.status()
        command = (*COMMAND, "sql", slow, "--format", "csv")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asking:
            wait_until(lambda: other.status().clients > alone.clients, what="the command's connection")
            kill_owner(store)
            out, err = asking.communicate(timeout=60)
        assert (asking.returncode, err) == (0, "")
        assert out.startswith("total\n")
        assert other.status().owner_pid != alone.owner_pid
