"""The app under a pilot: open it, press keys, wait until all is shown."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from storage.journals import trace_id
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from treadle_tui.screens.debug import DebugScreen
from tui.screen_text import screen_text
from tui.sessions import standing_on

KEY_NAMES = {" ": "space", "'": "apostrophe", "=": "equals_sign", ">": "greater_than_sign", "_": "underscore",
             "(": "left_parenthesis", ")": "right_parenthesis"}  # fmt: skip


@asynccontextmanager
async def debugging(store: Store, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[TreadleApp, Pilot[None]]]:
    """Open the debugger on the failed trace and wait until it shows the first step."""
    app = TreadleApp(store, trace_id=trace_id(2))
    async with app.run_test(size=size) as pilot:
        await shown(pilot)
        yield app, pilot


async def shown(pilot: Pilot[None]) -> None:
    """Wait until nothing is being read and everything is painted."""
    for _ in range(500):
        screen = pilot.app.screen
        busy = [worker for worker in pilot.app.workers if worker.name != "watch_store" and not worker.is_finished]
        await pilot.pause()
        if not busy and not (isinstance(screen, DebugScreen) and screen.details[0].inspection is None):
            break
        await pilot.pause(0.01)
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> str:
    """Press keys, each after all is shown, and return the screen."""
    for key in keys:
        await pilot.press(key)
        await shown(pilot)
    return screen_text(pilot.app)


async def type_in(pilot: Pilot[None], text: str) -> str:
    """Type a command and enter it."""
    await pilot.press("colon", *(KEY_NAMES.get(character, character) for character in text))
    return await press(pilot, "enter")


def standing(pilot: Pilot[None]) -> str:
    """Return the name at the position."""
    screen = pilot.app.screen
    assert isinstance(screen, DebugScreen)
    assert screen.session is not None
    return standing_on(screen.session)


async def until(pilot: Pilot[None], text: str) -> None:
    """Wait until the screen shows a text."""
    deadline = time.monotonic() + 20
    while text not in screen_text(pilot.app):
        assert time.monotonic() < deadline, f"{text!r} never came:\n{screen_text(pilot.app)}"
        await pilot.pause(0.02)
    await shown(pilot)
