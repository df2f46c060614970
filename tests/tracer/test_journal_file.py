"""The journal as `docs/journal.md` has it: what every record holds, its signature, and what survives."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from programs import plainly, python
from servers import Answer, Hang, ModelServer
from treadle import journal as journals
from treadle import recorder
from treadle.errors import JournalError
from treadle.journal import Journal, write_people_record
from waiting import wait_until


@treadle.trace(kind="tool")
def add(left: int, right: Any = 2) -> Any:
    """Add."""
    return left + right


@treadle.trace
def letters() -> Any:
    """Stream two letters."""
    yield "a"
    yield "b"


def lines(store: Path) -> list[bytes]:
    """Return the lines of the one journal."""
    (journal,) = recorded.journals(store)
    return journal.read_bytes().splitlines(keepends=True)


def test_every_record_has_its_keys_and_its_place(store: Path) -> None:
    """Version, kind, ordinal and time stand in every line, in order, and the process comes first."""
    add(1)
    list(letters())
    records = [json.loads(line) for line in lines(store)]
    assert [record["n"] for record in records] == list(range(len(records)))
    assert {record["v"] for record in records} == {1}
    kinds = [record["r"] for record in records if record["r"] != "chunk"]
    assert kinds == ["process", "function", "start", "end", "function", "start", "end"]
    times = [record["t"] for record in records if record["r"] != "function"]
    assert times == sorted(times)


def test_the_process_record_says_what_ran(store: Path) -> None:
    """It holds what a replay needs to run the program again."""
    add(1)
    process = json.loads(lines(store)[0])
    (journal,) = recorded.journals(store)
    assert journal.name.endswith(f"-{os.getpid()}-{process['process']}.0.ndjson")
    assert (process["pid"], process["cwd"]) == (os.getpid(), str(Path.cwd()))
    assert process["executable"] == sys.executable
    assert process["argv"] == sys.argv
    assert {"python", "host", "path"} <= process.keys()
    assert process["treadle"] == version("treadle")


def test_the_process_record_names_the_main_file(tmp_path: Path, store: Path) -> None:
    """A replay loads it again."""
    program = tmp_path / "app.py"
    program.write_text("import treadle\n@treadle.trace\ndef go(): pass\ngo()")
    assert plainly(str(program), cwd=tmp_path).returncode == 0
    assert json.loads(lines(store)[0])["main"] == {"file": str(program)}


def test_a_function_is_described_once(store: Path) -> None:
    """Later calls name it by its number."""
    add(1)
    add(2)
    (function,) = [record for record in recorded.records(store) if record["r"] == "function"]
    assert (function["module"], function["qualname"], function["flavour"]) == (__name__, "add", "sync")
    assert (function["file"], function["params"]) == (__file__, [["left", "pk"], ["right", "pk"]])
    assert [call.start["f"] for call in recorded.calls(store)] == [function["f"]] * 2


def test_a_function_that_is_made_again_is_described_once(store: Path) -> None:
    """A program may decorate one anew in every request."""

    def made(number: int) -> int:
        @treadle.trace
        def inner() -> int:
            return number

        return inner()

    assert [made(number) for number in range(3)] == [0, 1, 2]
    assert [record["r"] for record in recorded.records(store)].count("function") == 1


@pytest.mark.parametrize("value", [1, "ü \ud800", {"$": 1}, ["x" * 1000], None, "line\nbreak"])
def test_the_payload_is_the_slice_that_bytes_names(store: Path, value: Any) -> None:
    """What was stored and signed is `line[-2 - bytes:-2]`, whatever it holds."""

    @treadle.trace
    def echo(value: Any) -> Any:
        return value

    echo(value)
    for line in lines(store):
        record = json.loads(line)
        for key in record.keys() & {"in", "out"}:
            payload = line[-2 - record["bytes"] : -2]
            assert json.loads(payload) == record[key]
            assert line.endswith(payload + b"}\n")
            assert line.count(b"\n") == 1


def test_a_journal_is_locked_while_its_writer_lives(store: Path) -> None:
    """A reader that gets the lock knows that the writer is gone."""
    add(1)
    with recorded.journals(store)[0].open("rb") as journal:
        with pytest.raises(BlockingIOError):
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        recorder.reopen()
        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_after_a_short_write_the_next_record_begins_with_a_newline(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torn record spoils itself only."""
    monkeypatch.setattr(journals, "appender", lambda: lambda descriptor, line: os.write(descriptor, line))
    journal = Journal(store)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[: len(line) // 2]))
    with pytest.raises(OSError, match="No space"):
        journal.record("event", name="torn")
    monkeypatch.setattr(os, "write", write)
    journal.record("event", name="whole")
    journal.record("event", name="next")
    journal.close()
    assert [record.get("name") for record in recorded.records(store)] == [None, "whole", "next"]
    torn = recorded.journals(store)[0].read_bytes().split(b"\n")[1]
    assert torn.startswith(b'{"v":1,"r":"event"')


def test_people_write_into_journals_of_their_own(store: Path) -> None:
    """A mark is one record in a file that never expires."""
    write_people_record(store, "mark", id="1", mark="breakpoint", value={"condition": "true"})
    (journal,) = recorded.journals(store)
    assert journal.name.startswith("people-")
    assert [record["r"] for record in recorded.records(store)] == ["process", "mark"]


def test_an_unwritable_store_is_told_once_and_changes_nothing(tmp_path: Path) -> None:
    """The program prints what it would, and one line says that nothing is recorded."""
    (tmp_path / "file").touch()
    source = "import treadle\n@treadle.trace\ndef f(x): return x + 1\nprint(f(1), f(2), list(map(f, range(3))))"
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "TREADLE_STORE": str(tmp_path / "file" / "store")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "2 3 [1, 2, 3]\n"
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("treadle: this run is not recorded whole: cannot write a journal in")


def test_a_program_whose_folder_is_gone_runs_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no folder to find a store from, nothing is recorded, and the program runs."""
    monkeypatch.delenv("TREADLE_STORE")
    source = (
        "import os, tempfile, treadle\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)\n"
        "@treadle.trace\ndef f(x): return x + 1\nprint(f(1))"
    )
    assert python(source) == "2\n"


def test_a_full_disk_is_told_once_and_changes_nothing(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the failing write on the program runs unrecorded."""
    monkeypatch.setattr(journals, "appender", lambda: lambda descriptor, line: os.write(descriptor, line))
    add(1)
    write = os.write

    def full(descriptor: int, line: bytes) -> int:
        if line.startswith((b'{"v":1', b'\n{"v":1')):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, line)

    monkeypatch.setattr(os, "write", full)
    assert [add(2), add(3), list(letters())] == [4, 5, ["a", "b"]]
    monkeypatch.setattr(os, "write", write)
    assert capsys.readouterr().err.count("\n") == 1


def test_records_reach_the_disk_at_once_where_that_is_asked_for(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fsync=True` syncs after each record, and not without it: it costs milliseconds."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    add(1)
    assert synced == []
    treadle.configure(fsync=True)
    add(1)
    assert len(synced) == 3  # a function, a start and an end


def test_a_journal_in_a_place_that_is_no_folder_says_so(tmp_path: Path) -> None:
    """The error names the folder."""
    (tmp_path / "store").touch()
    with pytest.raises(JournalError, match=r"cannot write a journal in .*store/journal"):
        Journal(tmp_path / "store")


FORKING = """
import os, treadle
@treadle.trace
def work(number): return number
@treadle.trace
def parent():
    work(1)
    child = os.fork()
    if child == 0:
        work(2)
        os._exit(0)
    os.waitpid(child, 0)
    work(3)
parent()
"""


def test_a_forked_child_opens_a_journal_of_its_own(store: Path) -> None:
    """Both write whole records, the child's call hangs under the parent's, and the parent's lock holds."""
    python(FORKING)
    assert len(recorded.journals(store)) == 2
    (root,) = recorded.roots(store)
    assert sorted(call.given["number"] for call in root.children) == [1, 2, 3]
    assert len({record["process"] for record in recorded.records(store) if record["r"] == "process"}) == 2


THREE_CALLS = """
import sys, openai, treadle
treadle.instrument()
client = openai.OpenAI(base_url=sys.argv[1], api_key="none")
ask = lambda text, **more: client.chat.completions.create(
    model="m", messages=[{"role": "user", "content": text}], **more
)
@treadle.trace
def chain():
    ask("one")
    ask("two")
    for chunk in ask("three", stream=True):
        print(chunk.choices[0].delta.content, flush=True)
chain()
"""


def test_kill_in_the_middle_of_a_stream_leaves_everything_that_came(store: Path, model_server: ModelServer) -> None:
    """After `kill -9` the finished calls are there with their outputs, the open one with its inputs and chunks."""
    model_server.script(Answer("first"), Answer("second"), Answer("a b c d e f g", hang=Hang(after_chunks=6)))
    with subprocess.Popen(
        [sys.executable, "-c", THREE_CALLS, model_server.base_url], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for _ in range(6):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (root,) = recorded.roots(store)
    one, two, three = root.children
    assert (one.status, two.status, three.status, root.status) == ("ok", "ok", "running", "running")
    assert two.output["choices"][0]["message"]["content"] == "second"
    assert three.given["messages"][0]["content"] == "three"
    assert [chunk["choices"][0]["delta"]["content"] for chunk in three.chunks] == ["", "a", " b", " c", " d", " e"]


def test_open_steps_are_on_disk_while_they_run(store: Path) -> None:
    """The start record is written before the body runs."""

    @treadle.trace
    def look() -> str:
        return recorded.only(store).status

    assert look() == "running"
    assert wait_until(lambda: recorded.only(store).status) == "ok"
