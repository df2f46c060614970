"""What the child did, line by line in a file: whatever happens to the child, what it did until then is known."""

import threading
from pathlib import Path
from typing import Any, Literal, TypeAlias

import orjson

Decision: TypeAlias = Literal["ran", "served", "moved", "live", "changed", "new", "unanswerable"]


class Report:
    """The file that the child appends to."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.RLock()

    def write(self, **fields: Any) -> None:
        """Append one line."""
        with self._lock:
            self._file.write(orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE))


def read(path: Path) -> list[dict[str, Any]]:
    """Return the lines that were written whole."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [orjson.loads(line) for line in lines]
