"""Secrets that had been recorded, because nothing told then that they were some, and are not in what is exported."""

import base64
import json
from pathlib import Path

import pytest

from e2e.commands import complaint, treadle
from e2e.conftest import Project
from e2e.test_replay_export import forget_everything, pytest_in
from planted import with_base64_read

SECRET = "correct horse battery"
CHAIN = """
import os, sys, treadle

SECRET = "correct horse battery"

@treadle.trace(kind="tool")
def log_in(user, token):
    return {"user": user, "note": f"welcome, {token}"}

@treadle.trace(kind="llm")
def words(prompt, raw):
    yield prompt
    yield f"long {prompt} " * 10_000
    return SECRET.encode()

@treadle.trace
def parse(text):
    raise ValueError(f"cannot read {text}")

@treadle.trace
def chain(user):
    secret = os.environ.get("DB_PASSWORD", SECRET)
    if user == "guest":
        return log_in(user, secret)["note"]
    list(words(secret, secret.encode()))
    return parse(f"{user} and {secret}") if user != "mended" else user

if __name__ == "__main__":
    try:
        chain(*sys.argv[1:2])
    except ValueError:
        pass
"""


def written_beside(project: Project) -> bytes:
    """Return all that was written into the folder of tests, and what is base64 in it."""
    files = [path for path in (project.folder / "tests").rglob("*") if path.is_file()]
    return b"\n".join(with_base64_read(path.read_bytes()) for path in files)


@pytest.fixture
def recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Record a chain before anything says that a text in it is a secret; then the environment does."""
    project.record(CHAIN, "ann", "--note", SECRET)
    assert SECRET.encode() in b"".join(path.read_bytes() for path in project.store.path.rglob("*.ndjson"))
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    return project


def test_nothing_of_a_secret_is_in_the_files(recorded: Project) -> None:
    """In arguments, texts, bytes, chunks, blobs, errors and the command line; the command counts them with places."""
    ran = treadle("replay", "last", "--export", "tests/test_it.py", cwd=recorded.folder)
    assert ran.code == 0, ran.err
    written = written_beside(recorded)
    assert SECRET.encode() not in written
    assert base64.b64encode(SECRET.encode()) not in written
    lines = ran.out.splitlines()
    assert lines[1].startswith("took out ")
    for told in (
        "  the program, arguments [3]: ",
        "  words, input prompt: ${DB_PASSWORD}",
        "  words, input raw: cor…",
        "  words, chunk 0: ${DB_PASSWORD}",
        "  words, chunk 1: long cor…",
        "  parse, input text: ann and cor…",
        "  chain, answer",
    ):
        assert any(line.startswith(told) for line in lines), (told, ran.out)
    assert int(lines[1].split()[2]) == len([line for line in lines if line.startswith("  ")])
    assert "the answer of words is a secret or a pickle: the test fails where it asks for it" in lines
    assert SECRET not in ran.out + ran.err


def test_the_test_says_which_answer_was_a_secret(recorded: Project) -> None:
    """It fails with the step and the reason, where the chain asks for that answer."""
    treadle("replay", "last", "--export", "tests/test_it.py", cwd=recorded.folder)
    forget_everything(recorded)
    failed = pytest_in(recorded.folder)
    assert failed.returncode == 1
    assert "chain#0/words#0 cannot be answered: its recorded answer cannot be built: a value was not recorded" in (
        failed.stdout.replace("\nE      ", "")
    )


def test_a_secret_of_the_environment_needs_none(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is given a variable's value is matched and answered where the variable is not set."""
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    project.record(CHAIN.replace("welcome, {token}", "welcome"), "guest")
    ran = treadle("replay", "last", "--export", "tests/test_it.py", cwd=project.folder)
    assert SECRET.encode() not in written_beside(project)
    assert "log_in" not in ran.out
    forget_everything(project)
    monkeypatch.delenv("DB_PASSWORD")
    passed = pytest_in(project.folder)
    assert passed.returncode == 0, passed.stdout


def test_a_chain_that_was_given_a_secret_is_no_test(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not be called: the command says so and what to do, and writes nothing."""
    project.record(CHAIN, f"user {SECRET}")
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    said = complaint(treadle("replay", "last", "--export", "tests/test_it.py", cwd=project.folder))
    assert "chain was given a secret or a pickle" in said
    assert not (project.folder / "tests").exists()


PICKLED = """
import random, treadle

@treadle.trace(kind="tool", pickle=True)
def give():
    return random.Random(1)

@treadle.trace
def chain():
    return give().random()

if __name__ == "__main__":
    chain()
"""


def test_nothing_pickled_is_in_a_fixture(project: Project) -> None:
    """Not its bytes; the command says which step cannot be answered, and the test that it is not loaded."""
    project.record(PICKLED)
    ran = treadle("replay", "last", "--export", "tests/test_it.py", cwd=project.folder)
    assert "the answer of give is a secret or a pickle" in ran.out
    calls = json.loads(Path(project.folder, "tests", "test_it.json").read_text())["calls"]
    assert calls[1]["output_tagged"]["$"] == "pickle"
    assert calls[1]["output_tagged"]["v"] is None
    forget_everything(project)
    assert "a pickled random:Random is not signed by this user" in pytest_in(project.folder).stdout.replace(
        "\nE      ", ""
    )


def test_a_secret_that_came_in_pieces_is_not_in_the_chunks(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them tells nothing, and the answer that they make is masked."""
    project.record(
        """
import treadle

@treadle.trace(kind="llm")
def words(prompt):
    yield from ("it is ", "correct ho", "rse battery", ".")

@treadle.trace
def chain(prompt):
    return len("".join(words(prompt)))

if __name__ == "__main__":
    chain("tell")
"""
    )
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    told = treadle("replay", "last", "--export", "tests/test_words.py", cwd=project.folder)
    assert "the answer of words is a secret or a pickle" in told.out, told.err
    assert [piece for piece in (b"correct ho", b"rse battery") if piece in written_beside(project)] == []
