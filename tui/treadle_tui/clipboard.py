"""Copying: the local clipboard, the terminal's over ssh, a file where it is too much; it says which way it went."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Final

from treadle_tui import figures

TERMINAL_LIMIT: Final = 100_000
"""Terminals cut or drop longer OSC 52 sequences."""
_PROGRAMS: Final = (
    ("pbcopy",), ("wl-copy",), ("xclip", "-selection", "clipboard"), ("xsel", "--clipboard", "--input"),
)  # fmt: skip


def copy(text: str, *, to_terminal: Callable[[str], None]) -> str:
    """Copy `text` the best way there is, and return how that was, in a few words."""
    data = text.encode("utf-8", "surrogatepass")
    program = _local_program()
    if program is not None:
        subprocess.run(
            program, input=data, check=False, timeout=5, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return f"copied {figures.size(len(data))}"
    if len(data) <= TERMINAL_LIMIT:
        to_terminal(text)
        return f"copied {figures.size(len(data))} through the terminal"
    with tempfile.NamedTemporaryFile(prefix="treadle-", suffix=".txt", delete=False) as file:
        file.write(data)
    return f"{figures.size(len(data))} is too much for the terminal's clipboard: written to {file.name}"


def _local_program() -> tuple[str, ...] | None:
    if os.environ.get("SSH_CONNECTION"):
        return None
    if sys.platform != "darwin" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    return next((program for program in _PROGRAMS if shutil.which(program[0])), None)
