"""Replays in the whole app, in a real terminal: find the failing step, edit it, see the verdict and the difference."""

import sys
from pathlib import Path

import pytest

from e2e.commands import COMMAND
from e2e.terminal import Terminal, needs_tmux
from owners import end_owner
from tui.replayed import is_alive, recorded_chain
from waiting import wait_until

pytestmark = needs_tmux

EDITOR = """
import sys
from pathlib import Path

Path(sys.argv[1]).write_text('{"text": "42"}')
"""


@pytest.fixture
def folder(tmp_path: Path, store: Path) -> Path:
    """Return a folder with a chain that failed, recorded; its tool holds while there is a file `hold`."""
    with recorded_chain(tmp_path, store):
        (tmp_path / "pid").unlink()
    return tmp_path


def treadle_on_the_failure(folder: Path, size: tuple[int, int]) -> Terminal:
    """Return a terminal with the debugger on the failed chain, and an editor that knows the answer."""
    (folder / "editor.py").write_text(EDITOR)
    editor = f"EDITOR={sys.executable} {folder / 'editor.py'}"
    return Terminal("env", editor, *COMMAND, "last-failed", size=size, cwd=folder)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
def test_from_the_failure_to_the_difference(folder: Path, store: Path, size: tuple[int, int]) -> None:
    """Go to the error, edit its input in $EDITOR, replay it, read the verdict, open the diff and then the new trace."""
    with treadle_on_the_failure(folder, size) as terminal:
        terminal.shows("step 1/4")
        terminal.press("e")
        terminal.shows("step 4/4", "ValueError")
        terminal.press("x")
        terminal.shows("still failing: it raised ValueError")
        terminal.press("Escape")
        terminal.shows("step 4/4", without="still failing")
        terminal.press("i")
        terminal.shows("Input of parse", "as recorded")
        terminal.press("C-o")
        terminal.shows('{"text": "42"}', " changed")
        terminal.press("C-s")
        terminal.shows("fixed: it returned", "returned 42", "d diff")
        terminal.press("d")
        terminal.shows("Diff · ", "1 differ", "input text")
        beside = "- it weighs 6 │ + 42" if size[0] >= 160 else "- it weighs 6 + 42"
        wait_until(lambda: beside in " ".join(terminal.screen().split()), what=beside)  # it may be half painted
        terminal.press("Escape")
        terminal.shows("fixed: it returned", without="Diff · ")
        terminal.press("Enter")
        terminal.shows("step 1/1", "replay of")
        terminal.press("q")
        assert terminal.exit_code() == 0
    end_owner(store)


@pytest.mark.parametrize("quits", [True, False], ids=["quit", "terminal closed"])
def test_nothing_stays_behind(folder: Path, store: Path, *, quits: bool) -> None:
    """With a replay running, quitting and closing the terminal both end the replaying process."""
    (folder / "hold").touch()
    with treadle_on_the_failure(folder, (80, 24)) as terminal:
        terminal.shows("step 1/4")
        terminal.press("s")
        terminal.shows("step 2/4")
        terminal.press("X")
        terminal.shows("For real · the chain from weigh")
        terminal.press("y")
        terminal.shows("2 of 4 calls", "live answer#0/weigh#0")
        pid = int(wait_until(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), timeout_s=30))
        assert is_alive(pid)
        if quits:
            terminal.press("q")
            assert terminal.exit_code() == 0
    wait_until(lambda: not is_alive(pid), timeout_s=30, what="the end of the replaying process")
    end_owner(store)
