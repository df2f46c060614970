"""Replays from the debugger: a real recording, run again from its steps, with and without an edit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from treadle_storage import Store
from treadle_tui.app import TreadleApp
from treadle_tui.screens.debug import DebugScreen
from tui.replayed import CHAIN, enter_words, failed, on_the_failure, recorded_chain, trace_count, until

WITH_A_NEW_CALL = """
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
GENERATE, PARSE = ("s", "s"), ("s", "s", "s")
"""The way from the first step."""


@pytest.fixture
def recorded(tmp_path: Path, store: Path) -> Iterator[Store]:
    """Return the store of a chain that failed on what its model said."""
    with recorded_chain(tmp_path, store) as opened:
        yield opened


async def test_edit_the_input_and_open_the_new_trace(tmp_path: Path, store: Path) -> None:
    """With another input a failing chain calls a new tool; with that allowed it is fixed, and its trace opens."""
    with recorded_chain(tmp_path, store, WITH_A_NEW_CALL) as recorded:
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
            screen = await until(pilot, "diverged", "a allow these live")
            assert "answer#0/weigh#0 is not in the recording" in screen
            assert "--live" not in screen
            await pilot.press("a")
            assert "any call of weigh that the recording has not" in await until(pilot, "For real")
            await pilot.press("y")
            screen = await until(pilot, "fixed", "1 live")
            assert "it had raised ValueError" in screen
            assert "now  returned 44" in screen
            await pilot.press("enter")
            await until(pilot, f"replay of {found.trace_id[:8]}")
            assert isinstance(app.screen, DebugScreen)
            title = f"Diff · {found.trace_id[:8]} → {app.screen.trace_id[:8]}"
            await pilot.press("equals_sign")
            sheet = await until(pilot, title, "differ")
            assert "2 differ, 1 only after" in sheet
            assert "input question" in sheet
            assert "-      forty-two" in sheet
            assert "status error → ok" in sheet
            assert "+    weigh  only after" in sheet


async def test_glue_alone_runs_at_once_and_a_tool_asks(recorded: Store) -> None:
    """`x` on a plain function asks nothing; on a tool it says that the tool really acts, and no runs nothing."""
    async with on_the_failure(recorded) as pilot:
        await pilot.press(*PARSE, "x")
        assert "Replay · parse alone" in await until(pilot, "still failing", "1 ran")
        await pilot.press("escape", "S", "S", "x")
        screen = await until(pilot, "For real · weigh alone")
        assert "! TOL  weigh    1 call  a tool: it really acts" in screen
        await pilot.press("n")
        await until(pilot, "step 2/4", without="For real")
        assert trace_count(recorded) == 2
        await pilot.press("x")
        await until(pilot, "For real · weigh alone")
        await pilot.press("y")
        await until(pilot, "same: it returned what was recorded", "1 live")


async def test_the_chain_from_here_is_real_from_here(recorded: Store) -> None:
    """`X` on a step serves what came before it, after asking; at the first step all is served, and nothing asked."""
    async with on_the_failure(recorded) as pilot:
        await pilot.press(*GENERATE, "X")
        screen = await until(pilot, "For real · the chain from generate")
        assert "LLM  generate    1 call" in screen
        assert "weigh" not in screen.partition("For real")[2].partition("cost")[0]
        await pilot.press("y")
        screen = await until(pilot, "still failing", "1 served · 1 live · 2 ran")
        assert "live  answer#0/generate#0" in screen
        await pilot.press("escape", "g", "X")
        await until(pilot, "still failing", "2 served · 2 ran")


async def test_an_edited_step_alone_or_in_its_chain(recorded: Store) -> None:
    """Ctrl+S replays the edited step alone, Ctrl+R the chain with its argument changed, live where that leads."""
    async with on_the_failure(recorded) as pilot:
        await pilot.press(*PARSE, "i")
        await until(pilot, "Input of parse", "^s this step alone", "^r the chain with it", "esc cancel")
        await pilot.press("ctrl+r")
        await until(pilot, "nothing is changed yet")
        await pilot.press("ctrl+home", "down", "end", *["backspace"] * 13, "quotation_mark", *"42", "quotation_mark")
        await until(pilot, " changed", without="not JSON")
        await pilot.press("ctrl+s")
        await until(pilot, "Replay · parse alone, edited", "fixed", "returned 42")
        await pilot.press("escape", "S", "S", "i")
        await until(pilot, "Input of weigh")
        await pilot.press("ctrl+home", "down", "end", "left", *" and more")
        await until(pilot, " changed")
        await pilot.press("ctrl+r")
        screen = await until(pilot, "For real · the chain, weigh edited")
        assert "Where what they are given has changed by then" in screen
        await pilot.press("y")
        screen = await until(pilot, "still failing", "2 live · 2 ran")
        assert "given $.text" in screen


async def test_another_answer_and_what_follows_from_it(recorded: Store) -> None:
    """`I` edits what a call answered, and `:result` says it in words; the chain runs on with that, marked as such."""
    async with on_the_failure(recorded) as pilot:
        await pilot.press(*GENERATE, "I")
        await until(pilot, "Answer of generate", '"it weighs 6"')
        await pilot.press("ctrl+home", *["delete"] * 13, *"42")
        await pilot.press("ctrl+s")
        await until(pilot, "For real · the chain, generate answered")
        await pilot.press("y")
        await until(pilot, "fixed", "1 served · 1 overridden · 2 ran", "its answer is the one that you gave")
        await pilot.press("enter")
        await until(pilot, f"replay of {failed(recorded)[:8]}", "generate overridden", "weigh served")
        await pilot.press("escape")
        await until(pilot, "generate", "step 3/4", without="replay of")
        await pilot.press("escape", "g")
        app = pilot.app
        await until(pilot, "▶ ✓", "↻ answer", f"replay of {failed(recorded)[:8]}")
        await pilot.press("j", "enter")
        await until(pilot, "step 1/4", without="replay of")
        assert isinstance(app.screen, DebugScreen)
        await pilot.press(*GENERATE)
        await enter_words(pilot, "result 43")
        await until(pilot, "For real")
        await pilot.press("y")
        await until(pilot, "fixed", "returned 43")


async def test_words_take_what_the_command_line_takes(recorded: Store) -> None:
    """`:replay` with options, `:set` with a place and a value; what is no option is said in one line."""
    async with on_the_failure(recorded) as pilot:
        await enter_words(pilot, "replay --no-such-thing")
        assert "No such option" in (await until(pilot, "✗ replay:")).splitlines()[-1]
        await enter_words(pilot, "replay --result generate 42 --pace")
        await until(pilot, "For real")
        await pilot.press("y")
        await until(pilot, "fixed", "1 overridden")
        await pilot.press("escape", *PARSE)
        await enter_words(pilot, "set $.text 42")
        await until(pilot, "For real · the chain, parse edited")
        await pilot.press("y")
        await until(pilot, "given $.text")
        await pilot.press("escape")
        await enter_words(pilot, "set $.nothing 42")
        assert "parse has no argument $.nothing" in " ".join((await until(pilot, "could not run")).split())


async def test_edited_code_is_named_and_run_again(recorded: Store, tmp_path: Path) -> None:
    """The verdict names the functions that were edited since; `r` runs the same replay again, with today's code."""
    async with on_the_failure(recorded) as pilot:
        await pilot.press("X")
        await until(pilot, "still failing", without="edited since")
        edited = CHAIN.replace("return int(text)", "print('now', text); return int(text.split()[-1])")
        (tmp_path / "chain.py").write_text(edited, encoding="utf-8")
        await pilot.press("r")
        screen = await until(pilot, "fixed", "edited since")
        assert "edited since  parse" in screen
        assert "answer#0/parse#0" in screen
        assert "now  returned 6" in screen
        assert "printed  now it weighs 6" in screen
