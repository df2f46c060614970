"""What an exported test asks for, how it reads, and what cannot be one."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from e2e.commands import complaint, treadle
from e2e.conftest import Project
from e2e.test_replay_export import CHAIN, MENDED, exported, forget_everything, pytest_in
from treadle.testing import replay


def test_what_went_well_must_stay_as_it_is(project: Project) -> None:
    """Of a trace that returned the test wants the recorded result, and shows what it is instead."""
    project.record(MENDED)
    exported(project)
    assert pytest_in(project.folder).returncode == 0
    project.write(MENDED.replace('["refund"]', '["refund"] * 2'))
    failed = pytest_in(project.folder)
    assert (failed.returncode, "assert 14 == 7" in failed.stdout) == (1, True), failed.stdout


def test_what_was_scored_false_must_change(project: Project) -> None:
    """Of a trace whose newest score is false the test wants another result, and has a place to write which."""
    trace = project.record(MENDED)
    treadle("score", trace, "correct", "false", cwd=project.folder)
    exported(project)
    assert "# Write here what it should be" in (project.folder / "tests" / "test_refund.py").read_text()
    assert pytest_in(project.folder).returncode == 1
    project.write(MENDED.replace('["refund"]', '["refund"] * 2'))
    assert pytest_in(project.folder).returncode == 0


def test_a_call_that_left_the_recording_fails_it(project: Project) -> None:
    """With the sentence that `treadle replay` says, and without the call going live."""
    project.record(MENDED)
    project.write(MENDED.replace("Refund {found", "Give back {found"))
    said = treadle("replay", "last", cwd=project.folder).out.splitlines()[-1].removeprefix("diverged: ")
    project.write(MENDED)
    treadle("replay", project.store.traces(limit=2)[1].trace_id, "--export", "tests/test_refund.py", cwd=project.folder)
    forget_everything(project)
    project.write(MENDED.replace("Refund {found", "Give back {found"))
    failed = pytest_in(project.folder)
    sentence = said.partition(";")[0]
    assert "chain#0/generate#0: prompt: " in sentence
    assert (failed.returncode, sentence.partition(" -> ")[0] in failed.stdout) == (1, True), (said, failed.stdout)


def test_one_call_alone(project: Project) -> None:
    """A step of the chain is called with its recorded arguments; an effect is refused, for it would run."""
    project.record(CHAIN)
    said = complaint(
        treadle("replay", "last", "--step", "generate", "--export", "tests/test_it.py", cwd=project.folder)
    )
    assert said == "generate alone makes a real call, and a test makes none: export the chain above it"
    assert exported(project, "--step", "parse").endswith("found no secrets in it\n")
    assert pytest_in(project.folder).returncode == 1
    project.write(MENDED)
    assert pytest_in(project.folder).returncode == 0


def test_a_broken_fixture_says_so(project: Project) -> None:
    """The test fails with what is wrong with it, and runs nothing."""
    project.record(MENDED)
    exported(project)
    fixture = project.folder / "tests" / "test_refund.json"
    held = json.loads(fixture.read_text())
    broken = [
        ("{", "is no fixture of a replay"),
        (json.dumps({**held, "treadle_fixture": 99}), "was written by another Treadle: export it again"),
        (json.dumps({**held, "calls": []}), "export it again"),
        (json.dumps({**held, "calls": [{"span_id": held["root"], "chunks": 1}]}), "was changed"),
    ]
    for text, said in broken:
        fixture.write_text(text)
        replayed = replay(fixture)
        assert (replayed.status, said in replayed.sentence) == ("not replayable", True), replayed
    fixture.unlink()
    assert replay(fixture).sentence.endswith("cannot be read: No such file or directory")


CONNECTING = """
import socket, treadle

@treadle.trace
def chain(port):
    socket.create_connection(("127.0.0.1", port)).close()
    print("connected")
    return port

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as server:
        chain(server.getsockname()[1])
"""


def test_the_network_is_off(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """For code that is not traced too, unless the test says otherwise; what the program prints is printed."""
    project.record(CONNECTING)
    with socket.create_server(("127.0.0.1", 0)) as server:
        treadle("replay", "last", "--export", "tests/test_it.py", cwd=project.folder)
        fixture = project.folder / "tests" / "test_it.json"
        held = json.loads(fixture.read_text())
        held["calls"][0]["input_tagged"]["port"] = server.getsockname()[1]
        fixture.write_text(json.dumps(held))
        off = replay(fixture)
        assert (off.status, "the network is off" in (off.error or "")) == ("raised", True)
        assert "connected" not in capsys.readouterr().out
        assert replay(fixture, network=True).status == "returned"
        assert "connected\n" in capsys.readouterr().out


def test_a_test_that_hangs_is_ended(project: Project) -> None:
    """After its time, with a sentence; nothing of it is left running."""
    project.record("import treadle\n@treadle.trace\ndef chain(): return 1\nif __name__ == '__main__': chain()")
    treadle("replay", "last", "--export", "tests/test_it.py", cwd=project.folder)
    project.write("import threading, treadle\n@treadle.trace\ndef chain(): threading.Event().wait()\n")
    replayed = replay(project.folder / "tests" / "test_it.json", timeout_s=2)
    assert (replayed.status, replayed.sentence) == (
        "timed out", "it was still running after 2 s, and was ended"
    )  # fmt: skip


def test_a_function_that_is_none_of_the_tracers_is_not_run(project: Project) -> None:
    """A fixture names code to run: what is not a traced function of today is refused."""
    project.record(MENDED)
    exported(project)
    fixture = project.folder / "tests" / "test_refund.json"
    held = json.loads(fixture.read_text())
    held["calls"][0]["function"] |= {"module": "os", "qualname": "system"}
    held["calls"][0]["input_tagged"] = {"command": "touch stolen"}
    fixture.write_text(json.dumps(held))
    refused = replay(fixture)
    assert refused.status == "refused"
    assert "nothing of it is run" in refused.sentence
    assert not (project.folder / "stolen").exists()


def test_what_was_changed_in_the_store_is_not_exported(project: Project, store: Path) -> None:
    """A fixture would make it look like a recording; with `--trust` it is the user's word."""
    project.record(MENDED)
    project.forget_store()
    with duckdb.connect(str(store / "treadle.duckdb")) as database:
        database.execute("update finished set output = '8' where name = 'chain'")
    asked = ("replay", "last", "--export", "tests/test_it.py")
    assert "the answer of chain" in complaint(treadle(*asked, cwd=project.folder))
    assert not (project.folder / "tests").exists()
    assert treadle(*asked, "--trust", cwd=project.folder).code == 0


def test_what_this_machine_hides_is_not_hidden_in_the_test(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is for what it records."""
    project.record(MENDED)
    exported(project)
    for name in ("TREADLE_HIDE_INPUTS", "TREADLE_HIDE_OUTPUTS", "TREADLE_DISABLED"):
        monkeypatch.setenv(name, "1")
    replayed = replay(project.folder / "tests" / "test_refund.json")
    assert (replayed.status, replayed.output, replayed.recorded) == ("returned", 7, 7), replayed


def test_the_text_is_clean(project: Project) -> None:
    """`ruff` has nothing to say of it, and nothing to format."""
    project.record(CHAIN)
    exported(project)
    test = str(project.folder / "tests" / "test_refund.py")
    for command in (("check", "--isolated", test), ("format", "--isolated", "--check", test)):
        done = subprocess.run([sys.executable, "-m", "ruff", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "options", "said"),
    [
        ("tests/refund.py", (), "pytest collects files such as test_refund.py"),
        ("../test_outside.py", (), "write the test inside the project"),
        ("tests/test_there.py", (), "is there already"),
        ("tests/test_live.py", ("--live", "generate"), "a test makes no real call"),
        ("tests/test_live.py", ("--live-changed",), "a test makes no real call"),
        ("tests/test_live.py", ("--pace",), "a test makes no real call"),
    ],
)
def test_what_cannot_be_a_test_is_refused(project: Project, file: str, options: tuple[str, ...], said: str) -> None:
    """In one line, and nothing is written."""
    project.record(CHAIN)
    (project.folder / "tests").mkdir()
    (project.folder / "tests" / "test_there.json").write_text("{}")
    before = sorted(project.folder.rglob("*"))
    assert said in complaint(treadle("replay", "last", "--export", file, *options, cwd=project.folder))
    assert sorted(project.folder.rglob("*")) == before
