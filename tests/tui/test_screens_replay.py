"""Replays from the debugger: a real recording, run again, with and without an edit."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

import treadle_storage
from owners import end_owner
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from treadle_tui.screens.debug import DebugScreen
from tui.screen_text import screen_text

CHAIN = """
import treadle

@treadle.trace(kind="tool")
def weigh(text: str) -> int:
    return len(text)

@treadle.trace
def parse(text: str) -> int:
    return int(text)

@treadle.trace
def answer(question: str) -> int:
    return parse(question) + weigh(question)

if __name__ == "__main__":
    try:
        answer("forty-two")
    except ValueError:
        pass
"""


@pytest.fixture
def recorded(tmp_path: Path, store: Path) -> Iterator[Store]:
    """Return the store of a chain that failed on its input."""
    program = tmp_path / "chain.py"
    program.write_text(CHAIN, encoding="utf-8")
    subprocess.run([sys.executable, str(program)], check=True, cwd=tmp_path, env={**os.environ}, timeout=60)
    with treadle_storage.open(store) as opened:
        yield opened
    end_owner(store)


async def until(pilot: Pilot[None], text: str) -> str:
    """Wait until the screen shows a text."""
    deadline = time.monotonic() + 30
    while text not in (screen := screen_text(pilot.app)):
        assert time.monotonic() < deadline, f"{text!r} never came:\n{screen}"
        await pilot.pause(0.02)
    return screen


async def test_edit_the_input_and_open_the_new_trace(recorded: Store) -> None:
    """A failing chain still fails; with another input it calls a new tool, and with that allowed it is fixed."""
    found = recorded.resolve("last-failed")
    app = TreadleApp(recorded, trace_id=found.trace_id)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, "step 1/")
        await until(pilot, "ValueError")
        await pilot.press("X")
        assert "ValueError" in await until(pilot, "still failing")
        await pilot.press("escape", "i")
        await until(pilot, "as recorded")
        await pilot.press("ctrl+home", "down", *["end"], *["backspace"] * 10, *"42", "quotation_mark")
        await until(pilot, "changed")
        await pilot.press("ctrl+s")
        assert "answer#0/weigh#0" in await until(pilot, "diverged")
        await pilot.press("a")
        assert "1 live" in await until(pilot, "fixed")
        await pilot.press("enter")
        await until(pilot, f"replay of {found.trace_id[:8]}")
        assert isinstance(app.screen, DebugScreen)
        assert app.screen.trace_id != found.trace_id
        title = f"Diff · {found.trace_id[:8]} → {app.screen.trace_id[:8]}"
        await pilot.press("equals_sign")
        sheet = await until(pilot, title)
        assert "2 differ, 1 only after" in sheet
        assert "≠  answer" in sheet
        assert "input question" in sheet
        assert "-      forty-two" in sheet
        assert "status error → ok" in sheet
        assert "+    weigh  only after" in sheet
