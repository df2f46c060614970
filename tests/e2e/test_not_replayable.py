"""What cannot be replayed says what happened, to which thing, and what to do next."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.alone import all_calls, said
from e2e.conftest import Project
from programs import plainly, python
from treadle.errors import NotReplayableError

DESK = """
import threading, treadle

class Desk:
    def __init__(self): self.lock = threading.Lock()
    @treadle.trace
    def ask(self, question): return question

@treadle.trace
def count(rows): return len(rows)

@treadle.trace
def call(api_key): return len(api_key)

@treadle.trace(name="covered")
def cover(question): return question

treadle.configure(hide_inputs=("covered",))
if __name__ == "__main__":
    Desk().ask("Where?")
    count("x" * 18_000_000)
    call("swordfish-of-the-desk")
    cover("Where?")
"""
NAME_IT = "put the secret into an environment variable, and record it anew"
SHOW_IT = "record it anew without hide_inputs for it"
TEACH = "teach the type with treadle.codec, or leave the argument out with ignore, and record it anew"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ask", f"ask cannot be called again: self.lock: _thread.lock has no encoder; {TEACH}"),
        ("count", "count cannot be called again: cut: 18,000,000 characters"),
        ("count", "; give it less, or what finds it again (a path, an id), and record it anew"),
        (
            "call",
            f"call cannot be called again: api_key: a secret, which was not recorded; {NAME_IT}",
        ),
        (
            "covered",
            f"covered cannot be called again: its inputs are hidden: they were not recorded; {SHOW_IT}",
        ),
    ],
)
def test_what_was_not_recorded_whole_is_not_called_again(project: Project, name: str, why: str) -> None:
    """A lock, what is too long, a secret, what is hidden."""
    project.record(DESK)
    (call,) = [call for call in all_calls(project) if call.name == name]
    assert why in said(project, call)


BELOW = """
import threading, treadle
@treadle.trace
def inner(lock): return 1
@treadle.trace
def outer(): return inner(threading.Lock())
if __name__ == "__main__":
    outer()
"""


def test_the_step_above_one_that_cannot_be_called_again_can(project: Project) -> None:
    """As the refusal says."""
    project.record(BELOW)
    outer, inner = all_calls(project)
    assert "has no encoder; replay a step above it, or teach the type" in said(project, inner)
    assert said(project, outer) == "same"


WORK = "import treadle\n@treadle.trace\ndef work(count, unit):\n    return count\n"
PROGRAM = "from work import work\nif __name__ == '__main__':\n    work(1, 2)\n"


@dataclass(frozen=True)
class Since:
    """What became of the function's module since it was recorded, and what is said then."""

    text: str | None
    verdict: str
    why: str


CHANGES = {
    "a parameter is gone": Since(
        WORK.replace(", unit", ""),
        "not replayable",
        "work has no parameter 'unit' any more: give it back, or replay a step above, which calls the function as "
        "today's code does",
    ),
    "a new parameter": Since(
        WORK.replace(", unit", ", unit, more"),
        "not replayable",
        "work has a new parameter 'more' that was not recorded: give it a default, or replay a step above, which calls "
        "the function as today's code does",
    ),
    "the function is gone": Since(
        "",
        "not replayable",
        "it was renamed or removed; give it its name back, or record the program anew",
    ),
    "it is not traced": Since(
        WORK.replace("@treadle.trace", ""),
        "refused",
        "work:work is not a traced function today: it is not run; put @treadle.trace on it if it is yours",
    ),
    "the module does not import": Since(
        "raise RuntimeError('no')",
        "not replayable",
        "the module work no longer imports: RuntimeError: no; mend it, then replay again",
    ),
    "the module is gone": Since(
        None,
        "not replayable",
        "the module work no longer imports: ModuleNotFoundError: No module named 'work'; mend it, then replay again",
    ),
}


@pytest.mark.parametrize("since", CHANGES.values(), ids=CHANGES.keys())
def test_a_function_that_is_no_longer_what_it_was_says_so(project: Project, since: Since) -> None:
    """With its name, and the way out."""
    module = project.folder / "work.py"
    module.write_text(WORK)
    recorded = project.record(PROGRAM)
    module.unlink()
    shutil.rmtree(project.folder / "__pycache__", ignore_errors=True)
    if since.text is not None:
        module.write_text(since.text)
    result = project.replay(recorded)
    assert (result.verdict, result.exit_code) == (since.verdict, 2)
    assert since.why in result.sentence


MAIN = "import treadle\n@treadle.trace\ndef chain(): return 1\nif __name__ == '__main__':\n    chain()\n"


def test_a_main_file_that_is_gone_says_where_it_was(project: Project) -> None:
    """Also on the machine that has the store and not the program."""
    recorded = project.record(MAIN)
    project.program.unlink()
    sentence = project.replay(recorded).sentence
    assert f"{project.program} is gone: it was recorded on " in sentence
    assert "put the program back there, or record it anew" in sentence


def test_a_main_file_that_does_not_load_says_why(project: Project) -> None:
    """With its own error."""
    recorded = project.record(MAIN)
    project.write("def chain(:")
    assert "no longer loads: SyntaxError" in project.replay(recorded).sentence


def test_a_folder_that_is_gone_is_named(project: Project, tmp_path: Path) -> None:
    """The recording's working folder is another machine's, or was removed."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    project.write(MAIN)
    assert plainly(str(project.program), cwd=elsewhere).returncode == 0
    elsewhere.rmdir()
    with pytest.raises(
        NotReplayableError, match=r"elsewhere, which is gone: it was recorded on .*put the project back"
    ):
        project.replay(project.newest())


def test_what_was_typed_has_no_code_any_more(project: Project) -> None:
    """A REPL, `python -c`, standard input."""
    python(MAIN.replace("if __name__ == '__main__':\n    ", ""), cwd=project.folder)
    assert project.replay(project.newest()).sentence == (
        "the function was typed into an interpreter, and its code was not kept: put it into a file, and record it there"
    )


MODULE_GONE = MAIN.replace("import treadle", "import treadle, sys")


def test_a_module_that_ran_as_the_program_and_is_gone_is_named(project: Project) -> None:
    """As `python -m` named it."""
    (project.folder / "tool.py").write_text(MODULE_GONE)
    assert plainly("-m", "tool", cwd=project.folder).returncode == 0
    (project.folder / "tool.py").unlink()
    assert "the module tool is gone: put it back, or record the program anew" in (
        project.replay(project.newest()).sentence
    )


IN_ANOTHER_PROCESS = """
import multiprocessing, treadle
@treadle.trace
def work(number): return number
@treadle.trace
def chain():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.map(work, [1])
if __name__ == "__main__":
    chain()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the store needs Unix sockets")
def test_a_step_of_another_process_says_which_to_replay(project: Project) -> None:
    """How that process was started is not known; the step above it can be replayed."""
    project.record(IN_ANOTHER_PROCESS)
    (work,) = [call for call in all_calls(project) if call.name == "work"]
    assert "ran in another process" in said(project, work)
    assert "replay a step above it" in said(project, work)
