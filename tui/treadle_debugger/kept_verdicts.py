"""The verdicts of a batch that is not done yet: a file in the store, so that the same command can go on with it.

A verdict is written when its replay has ended, whatever becomes of the batch. The file's name is a digest of all that
the verdicts depend on: another condition or option is another batch.
"""

import contextlib
import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from treadle.errors import StoreError
from treadle_debugger.batch import Judged

FOLDER = "batches"


class KeptVerdicts:
    """The file of one batch."""

    def __init__(self, store: Path, conditions: Mapping[str, Any]) -> None:
        digest = hashlib.sha256(orjson.dumps(conditions, option=orjson.OPT_SORT_KEYS)).hexdigest()
        self.path = store / FOLDER / f"{digest[:16]}.ndjson"
        self._lock = threading.Lock()

    def read(self) -> list[Judged]:
        """Return what is kept; a line that was not written whole is left out."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        kept: dict[str, Judged] = {}
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):
                one = Judged(**orjson.loads(line))
                kept[one.replay_of] = one
        return list(kept.values())

    def add(self, one: Judged) -> None:
        """Keep one more; threads may share this.

        Raises:
            StoreError: it cannot be written.

        """
        line = orjson.dumps(asdict(one), option=orjson.OPT_APPEND_NEWLINE)
        try:
            with self._lock:
                self.path.parent.mkdir(mode=0o700, exist_ok=True)
                file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
                with open(file, "ab", buffering=0) as out:  # noqa: PTH123 - of a descriptor
                    out.write(line)
        except OSError as error:
            raise StoreError(f"the verdicts cannot be kept in {self.path}: {error.strerror}") from error

    def forget(self) -> None:
        """Keep nothing: the batch is done, or begins anew."""
        self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # others keep theirs there
            self.path.parent.rmdir()
