"""An import's journal: segments that are whole before they have a name, so that a kill leaves none of a span.

The writer is a process of its own, whose record says that it imported; the spans say in `origin` whose they are. What
was written before the end came is in the store, and the same files again add the rest.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from treadle.clock import now_ns
from treadle.errors import StoreError
from treadle.journal import FOLDER, FORMAT_VERSION, SUFFIX
from treadle.process import describe_process
from treadle.values.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

UNFINISHED = ".import.tmp"
_LOCK = "import.lock"
_NOT_OURS = frozenset({"main", "path", "service"})
"""What a process record says for replays, and nothing that was imported ran here."""

Body = dict[str, Any]
Payload = tuple[str, bytes]


class ImportJournal:
    """Writes segments of whole spans."""

    def __init__(self, store: Path) -> None:
        self._folder = store / FOLDER
        self._process = secrets.token_hex(8)
        self.name = f"{now_ns()}-{os.getpid()}-{self._process}"
        """What its segments are called, up to their number."""
        described = describe_process(Redactor())
        self._program = {name: value for name, value in described.items() if name not in _NOT_OURS and value}
        self.ordinal = 0
        """The number of the next record."""
        self._segment = 0

    def line(self, kind: str, at_ns: int, body: Body, payload: Payload | None = None) -> bytes:
        """Return a record; a payload stands last, its exact bytes."""
        head = {"v": FORMAT_VERSION, "r": kind, "n": self.ordinal, "t": at_ns}
        self.ordinal += 1
        held = head | {name: value for name, value in body.items() if value not in (None, "", {})}
        if payload is None:
            return orjson.dumps(held) + b"\n"
        name, data = payload
        return b'%b,"bytes":%d,"%b":%b}\n' % (orjson.dumps(held)[:-1], len(data), name.encode(), data)

    def write(self, lines: Sequence[bytes]) -> None:
        """Write a segment, and have it seen.

        Raises:
            StoreError: the disk is full, or the store cannot be written.

        """
        path = self._folder / f"{self.name}.{self._segment}{SUFFIX}"
        newborn = path.with_name(path.name + UNFINISHED)
        head = self.line("process", now_ns(), {"process": self._process, **self._program})
        try:
            self._folder.mkdir(exist_ok=True, mode=0o700)
            descriptor = os.open(newborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(head)
                file.writelines(lines)
                file.flush()
                os.fsync(descriptor)
            newborn.rename(path)
        except OSError as error:
            newborn.unlink(missing_ok=True)
            raise StoreError(
                f"cannot write {path}: {error.strerror or error}. What was imported before is in the store: "
                "run the same import again to add the rest"
            ) from error
        self._segment += 1


@contextmanager
def only_import(store: Path) -> Iterator[None]:
    """Wait until no other import writes into the store, and keep others waiting meanwhile."""
    with (store / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_behind in (store / FOLDER).glob(f"*{UNFINISHED}"):
            left_behind.unlink(missing_ok=True)
        yield
