"""A replay while it runs: it is followed call by call, the app stays in use, and it can be stopped at any time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from treadle_storage import Store
from treadle_tui.screens.debug import DebugScreen
from tui.replayed import enter_words, is_alive, on_the_failure, recorded_chain, trace_count, until
from waiting import wait_until


@pytest.fixture
def recorded(tmp_path: Path, store: Path) -> Iterator[Store]:
    """Return the store of a chain that failed, whose tool holds while there is a file `hold`."""
    with recorded_chain(tmp_path, store) as opened:
        (tmp_path / "pid").unlink()
        (tmp_path / "hold").touch()
        yield opened


async def held(pilot: Pilot[None], folder: Path) -> int:
    """Replay the chain from the tool on, wait until the tool holds it, and return the id of its process."""
    await pilot.press("s", "X")
    await until(pilot, "For real")
    await pilot.press("y")
    await until(pilot, "Replay · the chain from weigh", "2 of 4 calls", "1 ran", "1 live", "live answer#0/weigh#0")
    return int(wait_until(lambda: (folder / "pid").read_text(), timeout_s=30))


async def test_it_grows_while_the_app_is_used(recorded: Store, tmp_path: Path) -> None:
    """The bar shows what was served and what is live, of how many; the position moves on meanwhile."""
    async with on_the_failure(recorded, (80, 24)) as pilot:
        await held(pilot, tmp_path)
        await pilot.press("s")
        await until(pilot, "step 3/4", "esc stops it")
        await pilot.press("x")
        await until(pilot, "a replay is running: esc stops it")
        (tmp_path / "hold").unlink()
        await until(pilot, "still failing", "2 live · 2 ran", without="esc stops it")


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_it_is_stopped(recorded: Store, tmp_path: Path, key: str) -> None:
    """Esc and Ctrl+C end the process of the replay; the app says so, and stays where it was."""
    async with on_the_failure(recorded, (80, 24)) as pilot:
        pid = await held(pilot, tmp_path)
        await pilot.press(key)
        screen = await until(pilot, "the replay of the chain from weigh was stopped", without="esc stops it")
        assert "1 ran, 1 live" in screen
        assert not is_alive(pid)
        await pilot.press("s")
        await until(pilot, "step 3/4", without="was stopped")
        assert isinstance(pilot.app.screen, DebugScreen)


async def test_leaving_takes_it_along(recorded: Store, tmp_path: Path) -> None:
    """When the app ends, the process of its replay is ended."""
    async with on_the_failure(recorded) as pilot:
        pid = await held(pilot, tmp_path)
        await pilot.press("q")
    wait_until(lambda: not is_alive(pid), what="the end of the replaying process")


async def test_the_verdict_waits_for_the_user(recorded: Store, tmp_path: Path) -> None:
    """While the user types, or reads a sheet, the verdict does not take their keys; it comes after that."""
    async with on_the_failure(recorded) as pilot:
        pid = await held(pilot, tmp_path)
        await pilot.press("colon", *"theme")
        (tmp_path / "hold").unlink()
        wait_until(lambda: not is_alive(pid), timeout_s=30)
        screen = await until(pilot, " still failing ━")
        assert "it raised" not in screen
        assert ":theme" in screen
        await pilot.press("escape")
        await until(pilot, "still failing: it raised")


async def test_the_list_replays_and_stops_too(recorded: Store, tmp_path: Path) -> None:
    """The list of traces replays what is under the cursor, with options too, shows how far it is, and stops it."""
    async with on_the_failure(recorded) as pilot:
        await pilot.press("escape")
        await until(pilot, "1 trace")
        await enter_words(pilot, "replay step")
        await until(pilot, "is typed on a step")
        await enter_words(pilot, "replay --live weigh")
        await until(pilot, "a tool: it really acts")
        await pilot.press("y")
        await until(pilot, "2 of 4 calls", "1 live")
        await pilot.press("escape")
        await until(pilot, "was stopped after", "2 traces", without="esc stops it")
        before = trace_count(recorded)
        await pilot.press("G", "X")
        await until(pilot, "still failing", "2 served")
        assert trace_count(recorded) == before + 1
