"""What can be wrong with a store or a recording: a clear message, the right exit code, no traceback, nothing lost."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from e2e.commands import complaint, treadle
from e2e.conftest import Project
from owners import end_owner
from storage.journals import JournalWriter, trace_id, write_example

NOBODYS_ID = "0123456789abcdef0123456789abcdef"
LOOKING = (
    ("traces",),
    ("show", "last"),
    ("diff", "last", "last"),
    ("search", "Oslo"),
    ("sql", "select count(*) from spans"),
    ("replay", "last-failed"),
    ("score", "last", "helpful", "1"),
)
"""Every command that looks into a store, `ui` aside, which wants a terminal first."""
NAMING = (
    ("show", "{}"),
    ("show", "{}", "--format", "json"),
    ("diff", "last", "{}"),
    ("replay", "{}"),
    ("replay", "{}", "--format", "json"),
    ("score", "{}", "helpful", "1"),
)
PROGRAM = """
import json, treadle

@treadle.trace(kind="tool")
def look_up(city):
    return "wet in " + city

@treadle.trace
def chain(city):
    return json.loads(look_up(city))

if __name__ == "__main__":
    try:
        chain("Oslo")
    except ValueError:
        pass
"""


def digest(file: Path) -> str:
    """Return a digest of the file's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write_traces(store: Path) -> Path:
    """Leave the journal of a program that recorded two traces; return it."""
    with JournalWriter(store) as writer:
        for number in (1, 2):
            write_example(writer, trace=trace_id(number))
    return writer.path


@pytest.mark.parametrize("name", [NOBODYS_ID, NOBODYS_ID[:8], "nobody's"])
def test_an_unknown_trace_is_said_to_be_unknown(store: Path, name: str) -> None:
    """An id, the beginning of one and a word that is none: exit 2 and one line that names it, from every command."""
    write_traces(store)
    for arguments in NAMING:
        said = complaint(treadle(*(argument.format(name) for argument in arguments)))
        assert name in said, arguments


def test_an_unknown_step_is_said_to_be_unknown(store: Path) -> None:
    """So is the id of a step that the trace has not."""
    write_traces(store)
    for command in (("show", "last"), ("replay", "last"), ("score", "last", "helpful", "1")):
        assert "0123456789abcdef" in complaint(treadle(*command, "--step", "0123456789abcdef"))


@pytest.mark.parametrize("arguments", LOOKING, ids=lambda arguments: arguments[0])
def test_where_there_is_no_store_that_is_said(store: Path, arguments: tuple[str, ...]) -> None:
    """Exit 2, one line that says where it was looked for and how to get one; nothing is made there."""
    said = complaint(treadle(*arguments))
    assert f"no store at {store}" in said
    assert "treadle demo" in said
    assert not store.exists()


def test_a_folder_or_file_that_is_no_store_is_left_alone(store: Path, tmp_path: Path) -> None:
    """A folder of other things and a file are refused by name, and nothing is written there."""
    store.mkdir()
    (store / "thesis.txt").write_text("mine")
    file = tmp_path / "a-file"
    file.write_text("mine")
    for arguments in LOOKING:
        assert f"{store} is not a store" in complaint(treadle(*arguments))
        assert f"{file} is not a store" in complaint(treadle(*arguments, "--store", str(file)))
    assert [entry.name for entry in store.iterdir()] == ["thesis.txt"]
    assert file.read_text() == "mine"


def test_an_empty_store_is_said_to_be_empty(store: Path) -> None:
    """Lists are empty with exit 0; what needs a trace says that there is none with exit 2."""
    store.mkdir()
    listed = treadle("traces")
    assert (listed.code, listed.out) == (0, "")
    assert f"nothing is recorded in {store} yet" in listed.err
    assert treadle("traces", "--format", "json").json == []
    assert treadle("sql", "select * from spans", "--format", "ndjson").out == ""
    assert treadle("sql", "select count(*) as steps from spans", "--format", "json").json == [{"steps": 0}]
    searched = treadle("search", "Oslo", "--format", "json")
    assert (searched.code, searched.json) == (0, [])
    for arguments in (("show", "last"), ("diff", "last", "last-failed"), ("replay", "last-failed"), LOOKING[-1]):
        assert "nothing is recorded" in complaint(treadle(*arguments))
    assert treadle("doctor").code == 0


def test_nothing_failed_is_said_when_the_last_failure_is_wanted(store: Path) -> None:
    """Where every trace went well there is no `last-failed`, and the message says so."""
    with JournalWriter(store) as writer:
        writer.start("00000000000000a1", "answer")
        writer.end("00000000000000a1", result="fine")
    assert "no trace has failed" in complaint(treadle("replay", "last-failed"))


def with_version(store: Path, version: int) -> Path:
    """Write another schema version into the store's database, as a newer Treadle would have; return the file."""
    end_owner(store)
    database = store / "treadle.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute("update meta set value = ? where key = 'schema_version'", [str(version)])
    return database


def test_a_store_of_a_newer_version_is_left_as_it_is(project: Project, store: Path) -> None:
    """Every command says which versions, and to upgrade; the file keeps each byte, and programs still record."""
    project.record(PROGRAM)
    project.forget_store()
    (version,) = versions(store)
    database = with_version(store, version + 1)
    before = digest(database)
    for arguments in LOOKING:
        said = complaint(treadle(*arguments))
        assert f"schema version {version + 1}" in said
        assert "upgrade treadle" in said
    told = treadle("doctor")
    assert told.code == 1
    assert f"schema version {version + 1}" in told.out
    ran = treadle("run", str(project.program))
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert digest(database) == before
    assert not database.with_name("treadle.duckdb.wal").exists()
    with_version(store, version)
    assert len(treadle("traces", "--format", "json").json) == 2


def versions(store: Path) -> list[int]:
    """Return the schema version that the store has."""
    end_owner(store)
    with duckdb.connect(str(store / "treadle.duckdb"), read_only=True) as connection:
        return [
            int(value)
            for (value,) in connection.execute("select value from meta where key = 'schema_version'").fetchall()
        ]


@pytest.mark.parametrize("bad", [b"\xff", b"\x00", b"\n", b'"'], ids=["no UTF-8", "zero", "newline", "quote"])
def test_one_bad_byte_loses_one_record(store: Path, bad: bytes) -> None:
    """The step whose end is unreadable stands there without an end, all else is whole; doctor names file and offset."""
    journal = write_traces(store)
    data = journal.read_bytes()
    lines = data.splitlines(keepends=True)
    lost = next(at for at, line in enumerate(lines) if b'"r":"end"' in line and b"Oslo is in Norway" in line)
    offset = sum(map(len, lines[:lost]))
    middle = data.index(b"Oslo is in Norway", offset) + 4
    journal.write_bytes(data[:middle] + bad + data[middle + 1 :])

    told = treadle("doctor")
    assert told.code == 1
    assert f"{journal.name} at byte {offset}, " in told.out
    steps = treadle("sql", "select name, status from spans order by started_at", "--format", "csv").out
    whole = ["answer,ok", "retrieve,ok", "chat gpt-4o,ok", "parse,error"]
    assert steps.splitlines()[1:] == [whole[0], "retrieve,interrupted", *whole[2:], *whole]
    assert {treadle(*arguments).code for arguments in LOOKING[:4]} == {0}
    shown = treadle("show", trace_id(1))
    assert shown.code == 0
    assert "⊘   RTV retrieve" in shown.out


@pytest.mark.parametrize("output_format", ["table", "json"])
def test_a_function_that_is_gone_is_said_on_replay(project: Project, output_format: str) -> None:
    """Exit 2 and a verdict that names the function and the file; the recording stays as it was."""
    project.record(PROGRAM)
    project.write(PROGRAM.replace("chain", "renamed"))
    ran = treadle("replay", "last-failed", "--format", output_format)
    assert ran.code == 2
    sentence = f"the function chain is gone from {project.program}"
    if output_format == "json":
        assert (ran.json["verdict"], ran.json["exit_code"]) == ("not replayable", 2)
        assert sentence in ran.json["sentence"]
    else:
        verdict = ran.out.splitlines()[-1]
        assert verdict.startswith("not replayable: ")
        assert sentence in verdict
    assert [trace["status"] for trace in treadle("traces", "--format", "json").json] == ["error"]


def test_a_program_that_is_gone_is_said_on_replay(project: Project) -> None:
    """So is a program whose file was removed."""
    project.record(PROGRAM)
    project.program.unlink()
    ran = treadle("replay", "last-failed")
    assert ran.code == 2
    assert str(project.program) in ran.out + ran.err
