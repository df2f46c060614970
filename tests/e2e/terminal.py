"""A terminal of a given size with a program in it: a tmux server of its own, asked for what is on the screen."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

import pytest

from waiting import wait_until

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
PATIENCE_S = 30
_REPORTING = '"$@"; echo $? > "$0"'
"""A shell around the program that writes down how it ended: tmux itself does not always learn it."""
_SETTINGS = """
set -g status off
set -g remain-on-exit on
set -g default-terminal tmux-256color
set -s escape-time 0
"""


class Terminal:
    """A program in a terminal; leave the block and both are gone."""

    def __init__(self, *command: str, size: tuple[int, int], cwd: Path) -> None:
        self._server = f"treadle-{os.getpid()}-{secrets.token_hex(4)}"
        self._settings = cwd / f"{self._server}.conf"
        self._ended = cwd / f"{self._server}.ended"
        self._command = ("sh", "-c", _REPORTING, str(self._ended), *command)
        self._size = size
        self._cwd = cwd

    def __enter__(self) -> "Terminal":
        self._settings.write_text(_SETTINGS)
        width, height = self._size
        self._tmux("new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(self._cwd), *self._command)
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def screen(self) -> str:
        """Return the text on the screen."""
        return self._tmux("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        """Press keys, named as tmux names them."""
        self._tmux("send-keys", *(r"\;" if key == ";" else key for key in keys))  # a bare one ends tmux's command

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def shows(self, *texts: str, without: str | None = None) -> str:
        """Wait until all of these texts stand on the screen, and that one does not; return the screen."""
        screen = ""

        def is_shown() -> bool:
            nonlocal screen
            screen = self.screen()
            return all(text in screen for text in texts) and (without is None or without not in screen)

        try:
            wait_until(is_shown, timeout_s=PATIENCE_S)
        except AssertionError:
            raise AssertionError(f"{texts} without {without!r}, but the screen is:\n{screen}") from None
        return screen

    def exit_code(self) -> int:
        """Wait until the program has ended, and return how."""
        wait_until(
            lambda: self._ended.exists() and self._ended.read_text().endswith("\n"),
            timeout_s=PATIENCE_S,
            what="the program's end",
        )
        return int(self._ended.read_text())

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._server, "-f", str(self._settings), *arguments]
        done = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, timeout=PATIENCE_S, check=True
        )
        return done.stdout


def _environment() -> dict[str, str]:
    """Return our environment without what would tell the program another size or another terminal."""
    return {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES", "TMUX"}}
