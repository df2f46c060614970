"""Where a function stood in no file, the faces show the source that was kept with the trace."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from storage.journals import JournalWriter, span_id, trace_id
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from tui.conftest import Cli
from tui.driving import shown, type_in

CELL = "/tmp/ipykernel_41/1577.py"
TEXT = """import treadle

def helper(text):
    return text

@treadle.trace
def answer(question):
    return ask(question)

@treadle.trace
def ask(question):
    return 1 / 0
"""
ERROR = {
    "type": "ZeroDivisionError", "message": "division by zero", "stack": "…",
    "frames": [{"file": CELL, "line": 12, "function": "ask", "source": "return 1 / 0", "locals": {}}],
}  # fmt: skip


@pytest.fixture
def notebook(home: Path) -> Iterator[Store]:
    """Return the store of a notebook whose kernel is gone: two calls of one cell, and one of made code."""
    store = home / ".treadle"
    with JournalWriter(store) as writer:
        writer.record("source", file=CELL, number=3, text=TEXT)
        writer.record("source", file="<made>", text="def made():\n    return 2\n")
        for number, (name, file, line) in enumerate([("answer", CELL, 6), ("ask", CELL, 10), ("made", "<made>", 1)]):
            writer.record("function", f=number, module="__main__", qualname=name, file=file, line=line, flavour="sync")
            above = span_id(0) if number else None
            writer.start(span_id(number), name, f=number, parent=above, arguments={"question": "Why?"})
        writer.end(span_id(2), result=2)
        for number in (1, 0):
            writer.end(span_id(number), status="error", result=None, error=ERROR)
    with treadle_storage.open(store) as opened:
        yield opened
    end_owner(store)


async def test_the_source_tab_shows_the_cell_as_it_ran(notebook: Store) -> None:
    """The function's own lines, the failing one marked, and which cell it was."""
    app = TreadleApp(notebook, trace_id=trace_id(1))
    async with app.run_test(size=(110, 40)) as pilot:
        await shown(pilot)
        text = await type_in(pilot, "goto 2")
        text = await type_in(pilot, "tab source")
        assert "as it ran in cell [3]" in text
        assert "10  @treadle.trace" in text
        assert "✗ 12      return 1 / 0" in text
        assert "1577.py" not in text
        assert "at  cell [3]:12 in ask" in await type_in(pilot, "tab output")


async def test_made_code_is_shown_under_its_own_name(notebook: Store) -> None:
    """It is of no cell."""
    app = TreadleApp(notebook, trace_id=trace_id(1))
    async with app.run_test(size=(110, 40)) as pilot:
        await shown(pilot)
        await type_in(pilot, "goto 3")
        text = await type_in(pilot, "tab source")
        assert "as it ran" in text
        assert "<made>" in text
        assert "1  def made():" in text


def test_show_prints_the_function_as_it_ran(notebook: Store, cli: Cli) -> None:
    """Its place is the cell's and its lines are there, of it alone."""
    ran = cli("show", trace_id(1), "--step", span_id(1), store=notebook.path)
    assert "cell [3]:10 in __main__:ask\n" in ran.out
    assert "  cell [3]:12 in ask\n" in ran.out
    assert "source, as it ran in cell [3]\n   10  @treadle.trace\n   11  def ask(question):\n" in ran.out
    assert "def answer" not in ran.out
    assert "1577" not in ran.out


def test_show_says_where_the_text_is_another_than_ran(notebook: Store, cli: Cli) -> None:
    """Made code of one name can be made again, and the first text may never have been kept."""
    with JournalWriter(notebook.path, process="00000000000000bb", start_ns=7) as writer:
        for number in (2, 3):
            writer.record("source", file="<made>", text=f"def made():\n    return {number}\n")
        writer.record("function", f=0, module="m", qualname="made", file="<made>", line=1, hash="of other code")
        writer.start(span_id(9), "made", trace=trace_id(9), f=0)
        writer.end(span_id(9), trace=trace_id(9))
    ran = cli("show", trace_id(9), "--step", span_id(9), store=notebook.path)
    assert "source, changed since it ran: the last text of this name\n    1  def made():\n" in ran.out
    assert "as it ran\n" not in ran.out


@pytest.fixture
def long_named(notebook: Store) -> Store:
    """Return a store with made code whose name no file could have."""
    file = str(notebook.path / f"made of {'a' * 300}")
    with JournalWriter(notebook.path, process="00000000000000bb", start_ns=7) as writer:
        writer.record("source", file=file, text="def made():\n    return 2\n")
        writer.record("function", f=0, module="m", qualname="made", file=file, line=1)
        writer.start(span_id(9), "made", trace=trace_id(9), f=0)
        writer.end(span_id(9), trace=trace_id(9))
    return notebook


def test_show_prints_made_code_whatever_its_name(long_named: Store, cli: Cli) -> None:
    """Longer names than files can have are names too."""
    ran = cli("show", trace_id(9), "--step", span_id(9), store=long_named.path)
    assert "source, as it ran\n    1  def made():\n" in ran.out


async def test_the_source_tab_shows_made_code_whatever_its_name(long_named: Store) -> None:
    """The debugger opens on it."""
    app = TreadleApp(long_named, trace_id=trace_id(9))
    async with app.run_test(size=(110, 40)) as pilot:
        await shown(pilot)
        assert "1  def made():" in await type_in(pilot, "tab source")


def test_show_as_json_has_the_whole_source(notebook: Store, cli: Cli) -> None:
    """With its file, its number and its text."""
    ran = cli("show", trace_id(1), "--step", span_id(1), "--format", "json", store=notebook.path)
    assert json.loads(ran.out)["recorded_source"] == {
        "file": CELL, "number": 3, "text": TEXT, "is_certain": True,
    }  # fmt: skip


def test_a_file_that_is_there_is_shown_as_it_is_today(notebook: Store, cli: Cli, home: Path) -> None:
    """What was kept is for the case that it is gone."""
    text = (home / "app.py").write_text("def answer(): ...\n")
    assert text
    with JournalWriter(home / ".treadle", process="00000000000000bb", start_ns=7) as writer:
        writer.record("source", file=str(home / "app.py"), text="def answer(): 'as it ran'\n")
        writer.record(
            "function", f=0, module="app", qualname="answer", file=str(home / "app.py"), line=1, flavour="sync"
        )
        writer.start(span_id(9), "answer", trace=trace_id(9), f=0)
        writer.end(span_id(9), trace=trace_id(9))
    ran = cli("show", trace_id(9), "--step", span_id(9), "--format", "json", store=notebook.path)
    assert json.loads(ran.out)["recorded_source"] is None
