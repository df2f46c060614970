"""Make the README's picture from a real session: `python docs/make_picture.py STORE docs/debugger.svg`.

The store is one that `treadle demo` recorded; a copy of it is opened. The app stands on its failed trace, gets a
breakpoint and two watches, runs to the model call whose answer broke the parser, and saves what it shows.
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import treadle_storage
from treadle_tui.app import TreadleApp

SIZE = (160, 42)
TYPED = ("b kind='llm'", "w output_tokens", "w finish_reason")
STEPS = ("g", "c", "c")


async def picture(store_path: Path) -> str:
    """Return the SVG."""
    with treadle_storage.open(store_path) as store:
        app = TreadleApp(store, trace_id=store.resolve("last-failed").trace_id)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1)
            for text in TYPED:
                await pilot.press(":", *("space" if letter == " " else letter for letter in text), "enter")
                await pilot.pause(0.5)
            for key in STEPS:
                await pilot.press(key)
                await pilot.pause(0.5)
            return app.export_screenshot(title="treadle")


def main(store: str, target: str) -> None:
    """Copy the recordings, so that the marks that are made stay out of them, and draw."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / ".treadle"
        shutil.copytree(Path(store) / "journal", copy / "journal", ignore=shutil.ignore_patterns("people-*"))
        Path(target).write_text(asyncio.run(picture(copy)))


if __name__ == "__main__":
    main(*sys.argv[1:])
