"""What the child did, line by line in a file: whatever happens to the child, what it did until then is known."""

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

ELSEWHERE = "elsewhere"
"""Marks the line of a process that the replayed program started: what the program makes of it does not count."""


class Report:
    """The file that the child appends to."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.RLock()

    def write(self, **fields: Any) -> None:
        """Append one line."""
        with self._lock:
            self._file.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))


class Reader:
    """Reads what was written whole, as it comes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: list[dict[str, Any]] = []
        self._offset = 0

    def new(self) -> list[dict[str, Any]]:
        """Return the lines that came since this was last asked."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        lines = [orjson.loads(line) for line in whole.splitlines()]
        self._read += lines
        return lines

    def rest(self) -> list[dict[str, Any]]:
        """Return every line from the first on."""
        self.new()
        return self._read


def tell_from_elsewhere(path: str, why: str) -> None:
    """Say in the report of this name, if it is still read, that a process which the program started diverged.

    Its parent may never hear of it: a worker that dies is waited for by `multiprocessing.Pool` for ever.
    """
    line = orjson.dumps({"outcome": "diverged", "why": why, ELSEWHERE: True}, option=orjson.OPT_APPEND_NEWLINE)
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(file, line)
        finally:
            os.close(file)


def outcome_of(lines: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the line that says how the replay ended; None where nobody came to say it."""
    ends = [line for line in lines if "outcome" in line]
    return next((line for line in ends if ELSEWHERE in line), ends[-1] if ends else None)
