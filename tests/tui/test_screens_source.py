"""The Source pane: what it shows of a step, and of long lines."""

from treadle_storage import Store
from treadle_tui.screens.debug import DebugScreen
from treadle_tui.widgets import marks
from tui.driving import debugging, press, shown, type_in
from tui.screen_text import screen_text


async def test_a_library_call_shows_the_line_that_makes_it(desk: Store) -> None:
    """Of a model's client it is the project's own caller that helps, and the title says whose source it is."""
    async with debugging(desk, (200, 50)) as (_, pilot):
        text = await type_in(pilot, "goto 6")
        assert "─ called from converse · changed since it ran · desk.py ─" in text
        assert "▸ 35          completion = client.chat.completions.create(" in text
        await press(pilot, "u")
        assert "─ changed since it ran · desk.py ─" in screen_text(pilot.app)


async def test_a_narrow_screen_says_whose_source_it_is(desk: Store) -> None:
    """Where the title has no room for it, the line above the text has."""
    async with debugging(desk, (80, 24)) as (_, pilot):
        await type_in(pilot, "goto 6")
        text = await type_in(pilot, "tab source")
        assert " desk.py:35  called from converse · changed since it ran" in text
        assert " LLM openai.chat" in (await type_in(pilot, "tab input")).splitlines()[11]


async def test_long_lines_of_source_run_out_to_the_right(desk: Store) -> None:
    """They are not wrapped: marks say where they go on, and shift with an arrow shows the rest."""
    async with debugging(desk, (80, 24)) as (_, pilot):
        await type_in(pilot, "goto 6")
        text = await type_in(pilot, "tab source")
        assert f'client.chat.completions.create(model="gpt-4o-min{marks.BEYOND}\n' in text
        text = await press(pilot, *["L"] * 9)
        assert marks.BEFORE in text
        assert "tools=TOOLS)\n" in text
        assert "▸ 35" in text
        assert "35          completion" in await press(pilot, *["H"] * 9)


async def test_it_is_the_same_after_every_move(desk: Store) -> None:
    """What stands on the screen is what would be painted anew, whatever was pressed to get there."""
    keys = "e C n S space s h T N T minus R plus e u d G g j k c l greater_than_sign left_square_bracket E"
    async with debugging(desk, (100, 16)) as (app, pilot):
        for key in keys.split():
            text = await press(pilot, key)
            screen = app.screen
            assert isinstance(screen, DebugScreen)
            screen.calls.forget_painted()
            await shown(pilot)
            assert screen_text(app) == text, key
