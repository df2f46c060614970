"""A chain that fails on what its model said, recorded by a program of its own, and the app on it."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from textual.pilot import Pilot

import treadle_storage
from owners import end_owner
from treadle_storage import Store
from treadle_tui.app import TreadleApp
from tui.driving import KEY_NAMES
from tui.screen_text import screen_text

CHAIN = """
import os
import time
from pathlib import Path

import treadle

HERE = Path(__file__).parent

@treadle.trace(kind="tool")
def weigh(text: str) -> int:
    (HERE / "pid").write_text(str(os.getpid()))
    while (HERE / "hold").exists():
        time.sleep(0.01)
    return len(text)

@treadle.trace(kind="llm")
def generate(prompt: str) -> str:
    return "it weighs " + prompt

@treadle.trace
def parse(text: str) -> int:
    return int(text)

@treadle.trace
def answer(question: str) -> int:
    return parse(generate(str(weigh(question))))

if __name__ == "__main__":
    try:
        answer("a loom")
    except ValueError:
        pass
"""
"""Its steps in the order of the tree: answer, weigh, generate, parse. The tool holds while there is a file `hold`."""
PATIENCE_S = 30


@contextmanager
def recorded_chain(folder: Path, store: Path, program: str = CHAIN) -> Iterator[Store]:
    """Record the chain once, and open its store."""
    file = folder / "chain.py"
    file.write_text(program, encoding="utf-8")
    subprocess.run([sys.executable, str(file)], check=True, cwd=folder, env={**os.environ}, timeout=60)
    with treadle_storage.open(store) as opened:
        yield opened
    end_owner(store)


@asynccontextmanager
async def on_the_failure(store: Store, size: tuple[int, int] = (120, 40)) -> AsyncIterator[Pilot[None]]:
    """Open the debugger on the failed chain, at its first step."""
    app = TreadleApp(store, trace_id=failed(store))
    async with app.run_test(size=size) as pilot:
        await until(pilot, "step 1/4")
        await until(pilot, "ValueError")
        yield pilot


def failed(store: Store) -> str:
    """Return the trace that failed."""
    return store.resolve("last-failed").trace_id


def trace_count(store: Store) -> int:
    """Return how many traces there are, replays among them."""
    return len(store.traces(limit=50))


async def until(pilot: Pilot[None], *texts: str, without: str | None = None) -> str:
    """Wait until the screen shows all of these texts, and not that one; return the screen."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        screen = screen_text(pilot.app)
        if all(text in screen for text in texts) and (without is None or without not in screen):
            return screen
        assert time.monotonic() < deadline, f"{texts} without {without!r} never came:\n{screen}"
        await pilot.pause(0.02)


async def enter_words(pilot: Pilot[None], text: str) -> None:
    """Type a command and enter it."""
    names = {**KEY_NAMES, "$": "dollar_sign", ".": "full_stop", '"': "quotation_mark", "-": "minus"}
    await pilot.press("colon", *(names.get(character, character) for character in text), "enter")


def is_alive(pid: int) -> bool:
    """Tell whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
