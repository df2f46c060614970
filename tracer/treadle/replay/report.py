"""What the child did, line by line in a file: whatever happens to the child, what it did until then is known."""

import threading
from pathlib import Path
from typing import Any

import orjson


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
