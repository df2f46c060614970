"""`treadle run` and `treadle replay` on a real program, from the entry point."""

import json
import os
import subprocess
import sys

import pytest

from owners import end_owner

COMMAND = (sys.executable, "-m", "treadle_tui")
PROGRAM = """
import sys
import treadle

@treadle.trace(kind="tool")
def weather(city):
    print("asked for", city)
    return {"city": city, "degrees": 21}

@treadle.trace
def answer(city):
    return f"{weather(city)['degrees']} degrees"

if __name__ == "__main__":
    print(sys.argv[1:], __name__)
    print(answer("Oslo"))
    if "fail" in sys.argv:
        raise ValueError("as asked")
    if "exit" in sys.argv:
        sys.exit(7)
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a program in it, and a store of its own."""
    home = tmp_path / "project"
    home.mkdir()
    (home / "pyproject.toml").write_text("")
    (home / "app.py").write_text(PROGRAM)
    yield home
    if (home / ".treadle").exists():
        end_owner(home / ".treadle")


@pytest.fixture
def typed(folder):
    """Return what types a command in that folder."""
    environment = {name: value for name, value in os.environ.items() if name != "TREADLE_STORE"}

    def run(*arguments):
        return subprocess.run(
            (*COMMAND, *arguments), cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run


def recorded(typed, trace="last"):
    """Return the steps of a trace."""
    return json.loads(typed("show", trace, "--format", "json").stdout)["steps"]


def test_a_program_runs_as_it_would_and_is_one_trace(typed):
    """Its arguments, its name, its output; the program is the root step."""
    ran = typed("run", "app.py", "--format", "x", "-m")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "['--format', 'x', '-m'] __main__\nasked for Oslo\n21 degrees\n"
    assert [(step["name"], step["depth"]) for step in recorded(typed)] == [("app.py", 0), ("answer", 1), ("weather", 2)]


def test_a_module_runs_too(typed):
    """`-m` before its name; what follows is the module's own."""
    ran = typed("run", "-m", "app", "--name", "x")
    assert ran.stdout.startswith("['--name', 'x'] __main__")
    assert recorded(typed)[0]["name"] == "app"


def test_the_root_step_can_be_named(typed):
    """`--name` before the script is ours."""
    assert typed("run", "--name", "nightly", "app.py").returncode == 0
    assert recorded(typed)[0]["name"] == "nightly"


def test_a_failing_program_keeps_its_traceback_and_exit_code(typed, folder):
    """No frame of ours is in it, and an exit code goes through."""
    plain = subprocess.run((sys.executable, "app.py", "fail"), cwd=folder, capture_output=True, text=True, check=False)
    ran = typed("run", "app.py", "fail")
    assert ran.returncode == plain.returncode == 1
    assert ran.stderr == plain.stderr
    assert typed("run", "app.py", "exit").returncode == 7


def test_a_replay_serves_the_tool_and_gives_a_verdict(typed, folder):
    """The tool's body does not run; the verdict is the last line, and the exit code."""
    typed("run", "app.py")
    ran = typed("replay", "last")
    assert ran.returncode == 0
    assert "asked for Oslo" not in ran.stdout
    assert ran.stdout.splitlines()[0] == "[] __main__"
    assert ran.stdout.splitlines()[-1].startswith("same: ")
    (folder / "app.py").write_text(PROGRAM.replace("['degrees']", "['fahrenheit']"))
    broken = typed("replay", recorded(typed)[0]["trace_id"], "--format", "json")
    document = json.loads(broken.stdout)
    assert (broken.returncode, document["verdict"]) == (1, "regressed")
    assert "KeyError" in document["sentence"]
    assert "__main__" in broken.stderr


def test_a_live_step_runs_for_real(typed):
    """`--live` by name; the calls are told as rows."""
    typed("run", "app.py")
    ran = typed("replay", "last", "--live", "weather", "--yes", "--format", "ndjson")
    assert "asked for Oslo" in ran.stderr
    assert {json.loads(line)["decision"] for line in ran.stdout.splitlines()} == {"ran", "live"}


def test_one_step_is_replayed_alone(typed):
    """By the name that only it has."""
    typed("run", "app.py")
    ran = typed("replay", "last", "--step", "answer")
    assert ran.returncode == 0
    assert "__main__" not in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("same: ")
