"""The whole app in a real terminal: every key of the tour at a small and a large size, and a very long trace."""

import subprocess
import sys
from pathlib import Path

import pytest

import treadle_storage
from e2e.commands import COMMAND
from e2e.conftest import Project
from e2e.terminal import Terminal, needs_tmux
from owners import end_owner, kill_owner
from storage.journals import write_long_trace

pytestmark = needs_tmux

PROGRAM = """
import json, treadle

@treadle.trace(kind="tool")
def look_up(city):
    return {"city": city, "weather": "wet"}

@treadle.trace(kind="llm")
def generate(prompt):
    return "Sure! " + prompt

@treadle.trace
def check(text):
    return len(text)

@treadle.trace(kind="agent")
def converse(report):
    check(generate("It is " + report["weather"]))
    return generate("Answer in JSON")

@treadle.trace
def parse(text):
    return json.loads(text)

@treadle.trace
def advise(city):
    return parse(converse(look_up(city)))

if __name__ == "__main__":
    try:
        advise("Oslo")
    except ValueError:
        pass
"""
NAMES = ("advise", "look_up", "converse", "generate", "check", "generate", "parse")
"""The steps in the order of the tree."""


@pytest.fixture
def folder(project: Project) -> Path:
    """Return a folder with a store whose one trace failed, and with the project that recorded it."""
    project.record(PROGRAM)
    return project.folder.parent


def treadle_in(folder: Path, *arguments: str, size: tuple[int, int] = (80, 24)) -> Terminal:
    """Return a terminal with `treadle ARGUMENTS...` in it."""
    return Terminal(*COMMAND, *arguments, size=size, cwd=folder)


def at(step: int) -> str:
    """Return what the status line says on a step of the trace."""
    return f"step {step}/{len(NAMES)}"


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_every_key_of_the_tour(folder: Path, size: tuple[int, int]) -> None:
    """Open, step, reverse, break by key and by word, go on and back, jump to the error, search, edit, replay, help."""
    with treadle_in(folder, size=size) as terminal:
        terminal.shows("1 trace", "advise")
        terminal.press("Enter")
        terminal.shows(at(1), *NAMES)
        moves_and_ends(terminal)
        breakpoints(terminal)
        looking(terminal)
        replays(terminal)
        terminal.press("?")
        terminal.shows("Step: into calls")
        terminal.press("Escape")
        terminal.shows(at(7), without="Step: into calls")
        terminal.press("q")
        assert terminal.exit_code() == 0


def moves_and_ends(terminal: Terminal) -> None:
    """Go forward into and over calls, and back the same way; an end says so and stays."""
    for key, step in (("s", 2), ("n", 3), ("n", 7), ("N", 3), ("S", 2), ("S", 1)):
        terminal.press(key)
        terminal.shows(at(step))
    terminal.press("S")
    terminal.shows(at(1), "start of trace")
    terminal.press("n")
    terminal.shows(at(1), "end of trace")


def breakpoints(terminal: Terminal) -> None:
    """Break on a name and on a condition, typed at once; continue to each hit and back to each."""
    terminal.press("s")
    terminal.shows(at(2))
    terminal.press("b")
    terminal.shows("● 1")
    terminal.type(":b kind='llm'")
    terminal.press("Enter")
    terminal.shows("● 2")
    for key, step in (("c", 4), ("c", 6), ("C", 4), ("C", 2)):
        terminal.press(key)
        terminal.shows(at(step))
    terminal.press("C")
    terminal.shows(at(2), "start of trace")
    terminal.press("b")
    terminal.shows("● 1", without="● 2")


def looking(terminal: Terminal) -> None:
    """Jump to the error, search for a text, and through its matches."""
    terminal.press("e")
    terminal.shows(at(7))
    terminal.press("e")
    terminal.shows(at(7), "no later error")
    terminal.press("g")
    terminal.shows(at(1))
    terminal.type("/it IS wet")
    terminal.press("Enter")
    terminal.shows(at(4), "2 steps hold")
    terminal.press(";")
    terminal.shows(at(5))
    terminal.press("e")
    terminal.shows(at(7))


def replays(terminal: Terminal) -> None:
    """Replay the failing step as it was, then edited; a step that is a real call, gone to at once, asks before."""
    terminal.press("x")
    terminal.shows("still failing: it raised JSONDecodeError")
    terminal.press("Escape")
    terminal.shows(at(7), without="still failing")
    terminal.press("i")
    terminal.shows("Input of parse", '"text": "Sure! Answer in JSON"', "as recorded")
    terminal.press("F7", "BSpace")
    terminal.shows("not JSON")
    terminal.type('{"text": "[1, 2]"}')
    terminal.shows(" changed", without="not JSON")
    terminal.press("C-s")
    terminal.shows("fixed: it returned")
    terminal.press("Escape")
    terminal.shows(at(7), without="fixed: ")
    terminal.press("S", "x")
    terminal.shows("for real. Do it?")
    terminal.press("n")
    terminal.shows(at(6), without="for real. Do it?")
    terminal.press("G")


def test_a_trace_shows_up_while_it_is_recorded(folder: Path, store: Path) -> None:
    """With the list open, what another program records comes to it by itself, also after the owner was killed."""
    with treadle_in(folder) as terminal:
        terminal.shows("1 trace")
        for count in (2, 3):
            subprocess.run([sys.executable, "project/program.py"], cwd=folder, check=True, timeout=60)
            terminal.shows(f"{count} traces")
            kill_owner(store)
        terminal.press("q")
        assert terminal.exit_code() == 0


def test_a_hundred_thousand_steps_open_and_step(project: Project, store: Path) -> None:
    """The trace comes through the owner's socket; steps, both ends, a count, a breakpoint and its last hit work."""
    trace = write_long_trace(store, steps=100_000)
    with treadle_storage.open(store) as client:
        assert client.trace(trace).span_count == 100_000
    with treadle_in(project.folder, trace, size=(160, 45)) as terminal:
        terminal.shows("step 1/100,000")
        for key, step in (("s", "2"), ("s", "3"), ("n", "4"), ("G", "100,000"), ("S", "99,999"), ("g", "1")):
            terminal.press(key)
            terminal.shows(f"step {step}/100,000")
        terminal.type("50000G")
        terminal.shows("step 50,000/100,000")
        terminal.type(":b status = 'error'")
        terminal.press("Enter")
        terminal.shows("● 1")
        terminal.press("c")
        terminal.shows("of 100)")
        terminal.press("q")
        assert terminal.exit_code() == 0


def test_a_replay_is_opened_beside_the_recording(folder: Path) -> None:
    """`X` on the list replays the chain, Enter opens the new trace, and back on the list both are there."""
    with treadle_in(folder) as terminal:
        terminal.shows("1 trace")
        terminal.press("X")
        terminal.shows("still failing: it raised JSONDecodeError", "3 served")
        terminal.press("Enter")
        terminal.shows(at(1))
        terminal.press("Escape")
        terminal.shows("2 traces")
        terminal.press("q")
        assert terminal.exit_code() == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("0123abcd",), "'0123abcd'"),
        (("ui", "nobody's"), "nobody's"),
        (("--store", "nowhere"), "no store at"),
        (("--store", "project"), "is not a store"),
    ],
)
def test_what_cannot_be_opened_is_said(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    """In a terminal too: one line, exit 2, no traceback, and no screen that comes and goes."""
    with treadle_in(folder, *arguments, size=(160, 45)) as terminal:
        screen = terminal.shows("treadle: ", said)
        assert "Traceback" not in screen
        assert terminal.exit_code() == 2


def test_an_empty_store_says_what_to_do(folder: Path) -> None:
    """Where nothing is recorded the list says how to record."""
    (folder / "fresh").mkdir()
    with treadle_in(folder, "--store", "fresh") as terminal:
        terminal.shows("No traces yet.", "treadle demo")
        terminal.press("q")
        assert terminal.exit_code() == 0
    end_owner(folder / "fresh")


def test_a_terminal_that_is_too_small_is_said(folder: Path) -> None:
    """Below 40x10 it says what it needs, and goes on where it was when it is larger again."""
    with treadle_in(folder, "last", size=(39, 12)) as terminal:
        terminal.shows("too small: 39x12", "Treadle needs 40x10")
        terminal.resize(80, 24)
        terminal.shows(at(1), without="too small")
        terminal.press("s")
        terminal.shows(at(2))
        terminal.resize(80, 9)
        terminal.shows("too small: 80x9")
        terminal.resize(160, 45)
        terminal.shows(at(2), without="too small")
        terminal.press("q")
        assert terminal.exit_code() == 0
