"""Where recording cannot be loaded, the program runs on unrecorded, and is told so in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

import recorded
from programs import plainly

PROGRAM = """
import treadle

@treadle.trace(kind="tool")
def step(number):
    return number * 2

@treadle.trace
def stream():
    yield 1

@treadle.trace
async def later():
    return 2

@treadle.trace
async def stream_later():
    yield 3

async def everything():
    return await later(), [each async for each in stream_later()]

import asyncio
with treadle.span("block") as span:
    span.set_output(1)
    print(step(3), step(4), list(stream()), asyncio.run(everything()), treadle.current())
"""
SHOWN = "6 8 [1] (2, [3]) None\n"
INTERPRETERS = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
program = open(sys.argv[1]).read()
if sys.argv[2] == "last":
    exec(program)
    sys.stdout.flush()
inside = interpreters.create()
print(interpreters.run_string(inside, program), flush=True)
interpreters.destroy(inside)
if sys.argv[2] == "first":
    exec(program)
"""
CRASHES_BY_ITSELF = pytest.mark.skipif(
    sys.version_info[:2] == (3, 12),
    reason="Python 3.12 crashes where a subinterpreter imports asyncio before the main one: python/cpython#116510",
)


NO_FILES = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
print(step(3), list(stream()))
"""


def test_a_program_runs_on_where_no_file_can_be_opened(store: Path, tmp_path: Path) -> None:
    """Not even the guard can be loaded there, which is told all the same."""
    (tmp_path / "program.py").write_text(PROGRAM[: PROGRAM.index("async def everything")] + NO_FILES)
    done = plainly("program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "6 [1]\n")
    assert done.stderr.startswith("treadle: this run is not recorded whole: [Errno 24] Too many open files")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("missing", ["orjson", "opentelemetry"])
def test_a_program_runs_on_without_what_recording_needs(missing: str, store: Path, tmp_path: Path) -> None:
    """Every flavour works as it would; the line names what is missing, and nothing is recorded."""
    (tmp_path / f"{missing}.py").write_text(f"raise ImportError('no {missing} here')")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = plainly("program.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, SHOWN)
    assert done.stderr == f"treadle: this run is not recorded whole: no {missing} here\n"
    assert not store.exists()


@pytest.mark.parametrize("place", [pytest.param("first", marks=CRASHES_BY_ITSELF), "last"])
def test_a_subinterpreter_runs_a_traced_program(place: str, store: Path, tmp_path: Path) -> None:
    """It records where its packages let themselves be loaded there, or says in one line that they do not."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "main.py").write_text(INTERPRETERS)
    done = plainly("-W", "ignore", "main.py", "program.py", place, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    shown = ["6 8 [1", "None", "6 8 [1"] if place == "first" else ["6 8 [1", "6 8 [1", "None"]
    assert [line.split("] ")[0] for line in lines] == shown
    told = [line for line in done.stderr.splitlines() if line and "libmpdec" not in line]  # CPython 3.11's own
    assert len(told) <= 1
    assert "step" in {call.name for call in recorded.calls(store)}


def test_a_replay_makes_no_effect_where_it_cannot_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of a replay that cannot record cannot answer either: a call of an effect's kind is not made."""
    monkeypatch.setenv("TREADLE_IN_REPLAY", "1")
    (tmp_path / "orjson.py").write_text("raise ImportError('no orjson here')")
    (tmp_path / "program.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "step was called where nothing can be recorded" in done.stderr
