"""A journal that grows goes on in new segments: nothing is lost, and each stands by itself."""

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from treadle import journal, recording
from treadle.blobs import read_blob

SMALL = 4_000


@treadle.trace(kind="tool")
def add(left: int, right: Any = 2) -> Any:
    """Add."""
    return left + right


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a segment end after a few calls."""
    monkeypatch.setattr(journal, "SEGMENT_BYTES", SMALL)


def segment_number(path: Path) -> int:
    """Return which segment of its journal a file is."""
    return int(path.name.split(".")[1])


def segments(store: Path) -> list[Path]:
    """Return the segments of the one journal, oldest first."""
    return sorted(recorded.journals(store), key=segment_number)


@pytest.mark.usefixtures("small_segments")
def test_each_segment_begins_with_what_its_records_name(store: Path) -> None:
    """The process and the functions stand in every segment, so that one of them can be read without those before it."""
    for number in range(50):
        add(number)
    found = segments(store)
    assert [segment_number(path) for path in found] == list(range(len(found)))
    assert len(found) > 3
    for path in found[1:]:
        records = [json.loads(line) for line in path.read_bytes().splitlines()]
        assert [record["r"] for record in records[:2]] == ["process", "function"]
        assert {record["f"] for record in records if record["r"] == "start"} <= {records[1]["f"]}
    whole = recorded.records(store)
    assert len({record["n"] for record in whole}) == len(whole)
    assert sorted(call.given["left"] for call in recorded.calls(store)) == list(range(50))
    assert {call.status for call in recorded.calls(store)} == {"ok"}


@pytest.mark.usefixtures("small_segments")
def test_only_the_newest_segment_is_locked(store: Path) -> None:
    """A reader that gets the lock of a segment knows that nothing more will be written into it."""
    for number in range(30):
        add(number)
    *earlier, newest = segments(store)
    for path in earlier:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    with newest.open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


@pytest.mark.usefixtures("small_segments")
def test_a_hundred_threads_lose_no_record_between_segments(store: Path) -> None:
    """Whoever writes while a segment is made writes into the old one or the new one, whole."""
    start = threading.Barrier(100)

    def many(thread: int) -> None:
        start.wait()
        for number in range(20):
            add(thread * 20 + number)

    threads = [threading.Thread(target=many, args=(thread,)) for thread in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(segments(store)) > 10
    for path in segments(store):
        for line in path.read_bytes().splitlines():
            json.loads(line)
    calls = recorded.calls(store)
    assert sorted(call.output for call in calls) == [number + 2 for number in range(2000)]


@pytest.mark.usefixtures("small_segments")
def test_a_segment_that_cannot_be_made_is_done_without(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The old segment grows on, and one line says why."""
    add(0)
    opened = os.open

    def full(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if str(path).endswith(".tmp"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", full)
    for number in range(1, 30):
        add(number)
    monkeypatch.undo()
    assert len(segments(store)) == 1
    assert [call.given["left"] for call in recorded.calls(store)] == list(range(30))
    assert capsys.readouterr().err.count("No space left") == 1


def test_a_store_that_is_removed_is_made_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who clears it while a notebook or a server runs finds there what runs from then on, with its large values."""
    monkeypatch.setattr(recording, "LOOK_EVERY_NS", 0)
    add("x" * 100_000, "")
    shutil.rmtree(store)
    add("x" * 100_000, "")
    add(2)
    assert [call.status for call in recorded.calls(store)] == ["ok", "ok"]
    given = recorded.calls(store)[0].start["in"]["left"]
    assert len(read_blob(store, given["v"])) == 100_000


REOPENING = """
import os, sys, treadle
@treadle.trace
def outer():
    treadle.configure(sample=1.0)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return child
if outer() == 0:
    os._exit(0)
"""


def test_a_child_writes_into_no_journal_of_its_parents(store: Path) -> None:
    """Nor into one that the parent has left, and only its open calls still hold."""
    subprocess.run([sys.executable, "-c", REOPENING], check=True, timeout=100)
    (outer,) = recorded.calls(store)
    assert outer.output != 0


FORKING = """
import os, threading, treadle
from treadle import journal
journal.SEGMENT_BYTES = 2_000
@treadle.trace
def work(number): return number
has_begun = threading.Event()
def busy():
    for number in range(400):
        work(number)
        has_begun.set()
thread = threading.Thread(target=busy)
thread.start()
has_begun.wait()
children = []
for child in range(20):
    pid = os.fork()
    if pid == 0:
        work(1000 + child)
        os._exit(0)
    children.append(pid)
thread.join()
for pid in children: assert os.waitpid(pid, 0)[1] == 0
"""


def test_a_fork_in_the_middle_of_a_rotation_harms_neither(store: Path) -> None:
    """The child opens a journal of its own, whatever its parent was doing in another thread."""
    subprocess.run([sys.executable, "-c", FORKING], check=True, timeout=100)
    numbers = sorted(call.given["number"] for call in recorded.calls(store))
    assert numbers == [*range(400), *range(1000, 1020)]
    for path in recorded.journals(store):
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


ENDLESS = """
import itertools, os, treadle
from treadle import journal
journal.SEGMENT_BYTES = 1_000
@treadle.trace
def work(number): return number
for number in itertools.count():
    work(number)
    os.write(1, b"%d\\n" % number)
"""


@pytest.mark.parametrize("after", range(1, 6))
def test_kill_between_segments_loses_no_finished_call(store: Path, after: int) -> None:
    """Wherever the kill comes, what was acknowledged is there."""
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(after * 17):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        acknowledged = after * 17 + len(process.stdout.read().splitlines())
    finished = {call.output for call in recorded.calls(store) if call.status == "ok"}
    assert finished >= set(range(acknowledged))
