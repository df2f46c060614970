"""`treadle replay --pdb`: Python's debugger inside one function of a replay, on the user's terminal."""

import math
from pathlib import Path

import pytest

from e2e.commands import COMMAND
from e2e.conftest import Project
from e2e.terminal import Terminal, needs_tmux
from e2e.weather_desk import DESK, asked, record_desk
from treadle.errors import NotFoundError, UsageError
from treadle_tui.cli.options import Settings
from treadle_tui.cli.replay import command
from treadle_tui.cli.replay_options import Asked

pytestmark = needs_tmux


def debugging(project: Project, *arguments: str) -> Terminal:
    """Return a terminal in which the last failure is replayed."""
    return Terminal(*COMMAND, "replay", "last-failed", *arguments, size=(120, 30), cwd=project.folder)


def test_it_stops_in_the_function_with_its_arguments(project: Project) -> None:
    """The arguments can be printed, Ctrl-C stays in the debugger, and `c` goes on to the verdict."""
    record_desk(project, "Oslo")
    with debugging(project, "--pdb", "parse") as terminal:
        terminal.shows("parse()", "(Pdb)", without="breakpoint")
        terminal.type("p text")
        terminal.press("Enter")
        terminal.shows("""'Sure! {"advice": "wet"}'""")
        terminal.press("C-c")
        terminal.shows("--KeyboardInterrupt--")
        terminal.type("c")
        terminal.press("Enter")
        screen = terminal.shows("still failing: it raised JSONDecodeError")
        assert "3 served" in screen
    assert asked(project) == []


def test_a_changed_variable_goes_into_the_replay(project: Project) -> None:
    """What is assigned at the stop is what the function works with."""
    record_desk(project, "Oslo")
    with debugging(project, "--pdb", "parse", "--live", "notify", "--allow-effects", "--yes") as terminal:
        terminal.shows("(Pdb)")
        terminal.type("text = text[6:]")
        terminal.press("Enter")
        terminal.type("c")
        terminal.press("Enter")
        terminal.shows("fixed: it returned")
        assert terminal.exit_code() == 0
    assert asked(project) == ["notify Oslo"]


def test_quitting_the_debugger_ends_the_replay(project: Project) -> None:
    """`q` is no failure of the program: no handler of its takes it, and the verdict says what ended it."""
    record_desk(project, "Oslo")
    with debugging(project, "--pdb", "parse") as terminal:
        terminal.shows("(Pdb)")
        terminal.type("q")
        terminal.press("Enter")
        terminal.shows("diverged: it was quit in the debugger")
        assert terminal.exit_code() == 1


def test_stepping_stays_in_the_program(project: Project) -> None:
    """Over a call that stops the replay, and into one through its wrapper: the lines shown are the user's."""
    trace_id = record_desk(project, "Rome")
    project.write(DESK.replace("report = look_up(city)", "report = look_up(city + '!')"))
    with Terminal(*COMMAND, "replay", trace_id, "--pdb", "chain", size=(120, 30), cwd=project.folder) as terminal:
        terminal.shows("(Pdb)", "report = look_up(city + '!')")
        terminal.type("n")
        terminal.press("Enter")
        terminal.shows("its arguments are not the recorded ones\n> ", without="raise self._error")
        terminal.type("c")
        terminal.press("Enter")
        assert "answers.py" not in terminal.shows("diverged: ")
    with Terminal(
        *COMMAND, "replay", trace_id, "--pdb", "chain", "--live-changed", "--yes", size=(120, 30), cwd=project.folder
    ) as terminal:
        terminal.shows("(Pdb)")
        terminal.type("s")
        terminal.press("Enter")
        terminal.shows("look_up()", "-> @treadle.trace(kind=")


def test_whoever_debugs_has_time(project: Project) -> None:
    """A replay is ended after ten minutes, but not while somebody debugs it, if no time is named."""
    trace_id = record_desk(project, "Rome")

    def limit_s(*typed: str) -> float:
        asked_for = Asked(**command.make_context("replay", [trace_id, *typed], obj=Settings()).params)
        return asked_for.request(project.store, trace_id).timeout_s

    assert limit_s() == 600
    assert limit_s("--pdb", "parse") == math.inf
    assert limit_s("--pdb", "parse", "--timeout", "5") == 5


def test_where_nothing_of_it_runs_it_says_so(project: Project, store: Path) -> None:
    """A served call, and what is below one, cannot be stopped in; the message names what lets it run."""
    inner = """
import treadle

@treadle.trace
def ask(prompt):
    return prompt.upper()

@treadle.trace(kind="llm")
def generate(prompt):
    return ask(prompt)

@treadle.trace
def chain(prompt):
    return generate(prompt)

if __name__ == "__main__":
    chain("hello")
"""
    trace_id = project.record(inner)
    calls = {call.name: call.span_id for call in project.store.recording(trace_id).calls}
    for name, said in (("generate", "for it is served"), ("ask", "for generate above it is served")):
        with pytest.raises(UsageError, match=f"nothing of {name} runs, {said}: let it run with --live 'generate'"):
            project.replay(trace_id, debugged=calls[name])
    with pytest.raises(NotFoundError, match="has no step 0000"):
        project.replay(trace_id, debugged="0000")
    with Terminal(
        *COMMAND, "replay", trace_id, "--pdb", "ask", "--live", "generate", "--yes", size=(120, 30), cwd=project.folder
    ) as terminal:
        terminal.shows("ask()", "(Pdb)")
        terminal.type("c")
        terminal.press("Enter")
        terminal.shows("same: it returned what was recorded")
