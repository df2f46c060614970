"""The editing sheet: the user's own editor, large texts, and the panes that show a failed step once."""

import sys
from pathlib import Path

import pytest

from storage.journals import JournalWriter, trace_id
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from tui.driving import debugging, press, shown
from tui.replayed import enter_words, until
from tui.screen_text import screen_text


async def test_without_an_editor_it_says_so(desk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+O without EDITOR says what to set, and leaves the text as it was."""
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    async with debugging(desk) as (_, pilot):
        await press(pilot, "i")
        assert "set EDITOR to the editor that you use" in await press(pilot, "ctrl+o")
        monkeypatch.setenv("EDITOR", f"{sys.executable} -c pass")
        assert "this terminal cannot be handed to an editor" in await press(pilot, "ctrl+o")
        assert "as recorded" in await press(pilot, "x", "backspace")


async def test_a_large_input_is_shown_and_edited_elsewhere(desk: Store, home: Path) -> None:
    """A large input opens as text to look at: only the user's own editor edits it, and the sheet stays quick."""
    with JournalWriter(home / ".treadle") as writer:
        writer.start("00000000000000a7", "large", trace=trace_id(7), arguments={"text": "word " * 40_000})
        writer.end("00000000000000a7", trace=trace_id(7), result=1)
    app = TreadleApp(desk, trace_id=trace_id(7))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, "step 1/1")
        await press(pilot, "i")
        await until(pilot, "Input of large", "word word", "as recorded", "$EDITOR")
        await press(pilot, "x", "y")
        assert "as recorded" in screen_text(app)


async def test_the_first_step_has_no_answer_of_its_own(desk: Store) -> None:
    """What the first step returned is the chain's result: to answer it is refused, by key and by word."""
    async with debugging(desk) as (_, pilot):
        assert "is the result of the chain" in await press(pilot, "I")
        await press(pilot, "s")
        await enter_words(pilot, "set $.text")
        await until(pilot, "set needs a place and a value")


async def test_a_failed_step_is_told_once(desk: Store) -> None:
    """With the output in a pane of its own, the pane beside it shows what went in, and not the failure again."""
    async with debugging(desk, (200, 50)) as (_, pilot):
        await press(pilot, "G")
        await shown(pilot)
        screen = screen_text(pilot.app)
        assert screen.count("raised") == 1
    async with debugging(desk, (120, 40)) as (_, pilot):
        assert (await press(pilot, "G")).count("raised") == 1
