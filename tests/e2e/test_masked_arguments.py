"""A key on the command line: it is not recorded, and a replay says so, or takes it from where it came."""

import os
from pathlib import Path

import pytest

import recorded
from e2e.commands import complaint, recorded_run, treadle

PROGRAM = """
import hashlib, sys, treadle

@treadle.trace(kind="tool")
def look_up(key):
    return key.upper()

with open("seen.txt", "a") as seen:
    print(hashlib.sha256(sys.argv[-1].encode()).hexdigest(), file=seen)
look_up("public")
"""
KEY = "swordfish-from-the-environment"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the program in it."""
    (tmp_path / "app.py").write_text(PROGRAM)
    return tmp_path


def written(store: Path) -> str:
    """Return all that was recorded."""
    return "".join(path.read_text() for path in recorded.journals(store))


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--api-key", KEY), ["--api-key", "swo…"]),
        ((f"--password={KEY}",), ["--p…"]),
        (("--url", f"https://ann:{KEY}@example.com"), ["--url", "https://ann:…@example.com"]),
    ],
)
def test_a_masked_argument_makes_a_program_not_replayable(
    folder: Path, store: Path, arguments: tuple[str, ...], shown: list[str]
) -> None:
    """The rest of the command line is there to be seen, and the replay says why it does not start."""
    assert recorded_run("run", "app.py", *arguments, cwd=folder).code == 0
    assert KEY not in written(store)
    (process,) = [record for record in recorded.records(store) if record["r"] == "process"]
    assert process["argv"][1:] == shown
    said = complaint(treadle("replay", "last", cwd=folder))
    assert "argv: a secret, which was not recorded" in said


def test_an_argument_from_the_environment_is_read_from_there_again(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded by its variable's name, and the program is run with what that holds."""
    monkeypatch.setenv("SERVICE_TOKEN", KEY)
    assert recorded_run("run", "app.py", "--token", os.environ["SERVICE_TOKEN"], cwd=folder).code == 0
    assert KEY not in written(store)
    (process,) = [record for record in recorded.records(store) if record["r"] == "process"]
    assert process["argv"][1:] == ["--token", "${SERVICE_TOKEN}"]
    ran = treadle("replay", "last", cwd=folder)
    assert ran.out.splitlines()[-1].startswith("same: "), ran
    first, second = (folder / "seen.txt").read_text().splitlines()
    assert first == second
    monkeypatch.delenv("SERVICE_TOKEN")
    refused = treadle("replay", "last", cwd=folder)
    assert refused.code == 2
    assert "the environment variable SERVICE_TOKEN is not set" in refused.out + refused.err
