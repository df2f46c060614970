"""The screens over a real store: what they show at each size, and what the keys do."""

import os
import time
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from storage.journals import JournalWriter, span_id, trace_id
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from treadle_tui.screens.debug import DebugScreen
from treadle_tui.screens.traces import TracesScreen
from tui.driving import debugging, press, shown, standing, type_in, until
from tui.screen_text import assert_screen, screen_text

SIZES = [(80, 24), (120, 40), (200, 50)]


@pytest.mark.parametrize("size", SIZES)
async def test_traces_as_text(desk: Store, size: tuple[int, int]) -> None:
    """The list of traces at each size."""
    app = TreadleApp(desk)
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        assert_screen(app, f"traces_{size[0]}")


@pytest.mark.parametrize("size", SIZES)
async def test_debug_as_text(desk: Store, size: tuple[int, int]) -> None:
    """The debugger on a model call, with a breakpoint and a watch, at each size."""
    async with debugging(desk, size) as (app, pilot):
        await type_in(pilot, "b kind='llm'")
        await type_in(pilot, "w output_tokens")
        await press(pilot, "c", "c")
        assert_screen(app, f"debug_{size[0]}")


async def test_moves_forward_and_back(desk: Store) -> None:
    """Every move has its reverse, and an end says so and stays."""
    async with debugging(desk) as (_, pilot):
        await press(pilot, "s", "n")
        assert standing(pilot) == "retrieve"
        await press(pilot, "N")
        assert standing(pilot) == "detect_language"
        assert "start of trace" in await press(pilot, "S", "S")
        await press(pilot, "e")
        assert standing(pilot) == "answer" or standing(pilot) == "parse_answer"
        await press(pilot, "G")
        assert standing(pilot) == "parse_answer"
        assert "end of trace" in await press(pilot, "s")
        await press(pilot, "3", "g")
        assert standing(pilot) == "retrieve"


async def test_an_end_says_what_goes_on(desk: Store) -> None:
    """Where a move finds no more of its kind, the key that would go on is named, if there is one."""
    async with debugging(desk) as (_, pilot):
        assert "end of trace · s steps into the call" in await press(pilot, "n")
        assert "end of trace · s steps into the call" in await press(pilot, "r")
        assert "end of trace · b sets a breakpoint" in await press(pilot, "c")
        await press(pilot, "G")
        assert (await press(pilot, "n")).splitlines()[-1] == " end of trace"


async def test_breakpoints_stop_and_say_which_hit(desk: Store) -> None:
    """A breakpoint on a name and one on a condition stop in both directions; b again removes it."""
    async with debugging(desk) as (_, pilot):
        await type_in(pilot, "b kind='llm'")
        assert "(1 of 2)" in await press(pilot, "c")
        assert standing(pilot) == "openai.chat"
        await press(pilot, "c")
        screen = await press(pilot, "c")
        assert "end of trace" in screen
        await press(pilot, "C")
        assert "1 of 2" in screen_text(pilot.app)
        assert "● 1 kind='llm'" in await press(pilot, "b")
        assert "openai.chat" in await press(pilot, "b")


@pytest.mark.parametrize("condition", ["no_such_column > 1", "name='x') or (1=1"])
async def test_a_refused_condition_is_one_line(desk: Store, condition: str) -> None:
    """A condition that cannot be, or may not be, is refused in one line and nothing is added."""
    async with debugging(desk) as (app, pilot):
        text = await type_in(pilot, f"b {condition}")
        assert text.splitlines()[-1].startswith(" ✗ ")
        screen = app.screen
        assert isinstance(screen, DebugScreen)
        assert screen.session is not None
        assert len(screen.session.breakpoints) == 0


async def test_search_marks_and_goes_there(desk: Store) -> None:
    """A text is found in inputs and outputs; the position goes to the next step that holds it."""
    async with debugging(desk) as (_, pilot):
        await pilot.press("slash", *"wordllama")
        assert "1 step holds 'wordllama'" in await press(pilot, "enter")
        assert standing(pilot) == "embed"


async def test_a_trace_is_compared_with_another(desk: Store) -> None:
    """By its name; without one, with what it replays or its replay, where there is any."""
    async with debugging(desk) as (_, pilot):
        assert "this is no replay, and has none yet" in await press(pilot, "equals_sign")
        sheet = await type_in(pilot, f"diff {trace_id(1)[:8]}")
        assert "4 differ, 6 the same" in sheet
        assert "output choices[0].message.content" in sheet
        assert '-        {"refund": 349.0, "reason": "it arrived broken"}' in sheet
        await press(pilot, "escape")
        assert "'nonsense' is no id" in await type_in(pilot, "diff nonsense")


async def test_help_and_unknown_commands(desk: Store) -> None:
    """Help shows the keys; what is no command says so."""
    async with debugging(desk) as (_, pilot):
        assert "Back to where this was called" in await press(pilot, "question_mark")
        await press(pilot, "escape")
        assert "no command 'frobnicate'" in await type_in(pilot, "frobnicate")


async def test_edit_needs_json(desk: Store) -> None:
    """The input opens as JSON, and what is no JSON is not replayed."""
    async with debugging(desk) as (app, pilot):
        assert '"question": "I ordered a loom' in await press(pilot, "i")
        text = await press(pilot, "x", "ctrl+s")
        assert "not JSON" in text
        await press(pilot, "escape")
        assert isinstance(app.screen, DebugScreen)


async def test_a_replay_that_is_refused_says_why(desk: Store) -> None:
    """A recording without signatures is not replayed, and the sheet says what to do."""
    async with debugging(desk) as (app, pilot):
        text = await press(pilot, "X")
        for _ in range(500):
            text = screen_text(app)
            if "Replay" in text:
                break
            await pilot.pause(0.01)
        assert "refused" in text or "not replayable" in text


async def test_the_palette_has_every_action(desk: Store) -> None:
    """Actions are found by their names, and done."""
    async with debugging(desk) as (_, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, "A page down")
        await pilot.press(*"next", "space", *"error")
        await until(pilot, "The next error")
        await pilot.pause(0.2)
        await press(pilot, "enter")
        await until(pilot, "step 10/10")


async def test_too_small_says_so(desk: Store) -> None:
    """A terminal that is too small is told what is needed."""
    async with debugging(desk, (38, 9)) as (app, _):
        assert "too small: 38x9" in screen_text(app)
        assert "Treadle needs 40x10" in screen_text(app)


async def test_a_new_trace_shows_up_by_itself(home: Path) -> None:
    """The empty list says what to do; a trace that is recorded meanwhile appears, and grows on screen while it runs."""
    folder = home / ".treadle"
    folder.mkdir()
    with treadle_storage.open(folder, create=True) as store:
        app = TreadleApp(store)
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, "No traces yet")
            assert "treadle demo" in screen_text(app)
            with JournalWriter(folder, start_ns=time.time_ns()) as writer:
                writer.start(span_id(1), "answer", trace=trace_id(1), arguments={"question": "why?"})
                await until(pilot, "answer")
                await press(pilot, "enter")
                await until(pilot, "step 1/1  running")
                writer.start(span_id(2), "retrieve", trace=trace_id(1), parent=span_id(1), kind="retriever")
                await until(pilot, "step 1/2  running")
                await press(pilot, "s")
                writer.chunks(span_id(2), ["so it ", "goes"])
                await until(pilot, "so it goes")
                await press(pilot, "S")
                writer.end(span_id(2), trace=trace_id(1))
                writer.end(span_id(1), trace=trace_id(1), result="because")
                await until(pilot, "recorded")
                assert standing(pilot) == "answer"
                assert "because" in screen_text(app)
    end_owner(folder)


async def test_the_list_and_the_debugger_are_one_key_apart(desk: Store) -> None:
    """Enter opens the trace under the cursor; escape goes back to the list."""
    app = TreadleApp(desk)
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(pilot)
        await press(pilot, "j", "enter")
        assert isinstance(app.screen, DebugScreen)
        assert app.screen.trace_id == trace_id(1)
        await press(pilot, "escape")
        assert isinstance(app.screen, TracesScreen)


async def test_no_colour_says_as_much(desk: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without colours, states and the position are still told by glyphs."""
    monkeypatch.setitem(os.environ, "NO_COLOR", "1")
    async with debugging(desk) as (app, pilot):
        text = await press(pilot, "G")
        assert app.no_color
        assert "▶ ✗ │   CHN parse_answer" in text
