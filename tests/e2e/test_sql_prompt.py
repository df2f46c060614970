"""The prompt of `treadle sql` in a real terminal: queries of several lines, completion, Ctrl-C, and a history."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.commands import COMMAND, complaint, treadle
from e2e.terminal import Terminal, needs_tmux
from owners import end_owner
from storage.journals import JournalWriter, write_example
from waiting import wait_until


@pytest.fixture
def recorded(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with one trace in its store, and a state folder of its own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with JournalWriter(store) as writer:
        write_example(writer)
    yield tmp_path
    end_owner(store)


@needs_tmux
def test_the_prompt_asks_until_the_user_leaves(recorded: Path) -> None:
    """A query of two lines, a completed one, an error, one that Ctrl-C stops, and the next after it; then Ctrl-D."""
    history = recorded / "state" / "treadle" / "sql_history"
    with Terminal(*COMMAND, "sql", size=(80, 24), cwd=recorded) as terminal:
        terminal.shows("treadle>", "Ctrl-D leaves")
        terminal.type("select name, kind\n")
        terminal.shows("    ...>")
        terminal.type("from spans where kind = 'llm';\n")
        terminal.shows("chat gpt-4o  llm", "1 row")
        terminal.type("select count(*) as calls from llm_c")
        terminal.press("Tab")
        terminal.shows("from llm_calls")
        terminal.type(";\n")
        terminal.shows("calls\n    1")
        terminal.type("select nope from spans;\n")
        terminal.shows('"nope" not found')
        terminal.type("select count(*) from range(1000000000) a, range(1000000000) b;\n")
        terminal.shows("range(1000000000) b;")
        terminal.press("C-c")
        terminal.shows("stopped")
        terminal.type("select 6 * 7 as answer\n\n")
        terminal.shows("answer\n    42")
        terminal.press("C-d")  # the shell around it, which would tell the exit code, has ended with Ctrl-C
        wait_until(lambda: history.exists() and "select 6 * 7 as answer" in history.read_text())
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    with Terminal(*COMMAND, "sql", size=(80, 24), cwd=recorded) as terminal:
        terminal.shows("treadle>")
        terminal.press("Up")
        terminal.shows("treadle> select 6 * 7 as answer")
        terminal.press("C-u")
        terminal.shows("treadle>", without="answer")
        terminal.type("exit\n")
        assert terminal.exit_code() == 0


def test_without_a_terminal_a_query_must_be_given(recorded: Path) -> None:
    """A script that forgot its query is told so, and does not wait."""
    assert "no query" in complaint(treadle("sql", cwd=recorded))
