"""The journal: a process's append-only files of records, each on disk before the call goes on.

One `write` to an unbuffered append descriptor for each record: no thread and no buffer, so nothing is lost when the
process dies. A segment that has grown is followed by the next under the same descriptor, so that no writer waits for
that. `docs/journal.md` has the format.
"""

import errno
import fcntl
import itertools
import os
import secrets
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import orjson

from treadle import descriptors, guard, signals
from treadle.appending import appender
from treadle.clock import now_ns
from treadle.descriptors import CLOSED
from treadle.errors import JournalError
from treadle.process import describe_process
from treadle.signing import Signer, sign_process
from treadle.values.redact import Redactor

FORMAT_VERSION = 1
FOLDER = "journal"
SUFFIX = ".ndjson"
HELD_SUFFIX = ".held"
PEOPLE_PREFIX = "people-"
"""Journals of what people said (scores, marks): these never expire."""
SEGMENT_BYTES = 64 * 1024 * 1024
MOST_LOOKED_THROUGH = 1 << 20


class Journal:
    """The open journal of this process; its newest segment is locked while it lives."""

    __slots__ = (
        "__weakref__",
        "_append",
        "_descriptor",
        "_fsync",
        "_is_torn",
        "_limit_bytes",
        "_name",
        "_newborn",
        "_repeated",
        "_rotating",
        "_suffix",
        "_written_bytes",
        "folder",
        "ordinals",
        "paths",
        "process_id",
    )

    def __init__(
        self,
        store: Path,
        *,
        prefix: str = "",
        program: dict[str, Any] | None = None,
        signer: Signer | None = None,
        fsync: bool = False,
        hold: str | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        """Open the first segment.

        `program` replaces fields of the process record where this process stands in for another program; `signer` signs
        that record. With a `hold` it is held under that name: no reader sees it while a journal of that name has a
        living writer, before `keep` shows it.

        Raises:
            JournalError: the store cannot be written.

        """
        self._descriptor = self._newborn = CLOSED
        _journals.add(self)
        self.process_id = secrets.token_hex(8)
        self.folder = store / FOLDER
        self.paths: list[Path] = []
        """Its segments, oldest first."""
        self._name = f"{prefix}{now_ns()}-{os.getpid()}-{self.process_id}"
        self.ordinals = itertools.count()
        """The numbers of its records, each to be taken once."""
        self._rotating = threading.Lock()
        self._limit_bytes = SEGMENT_BYTES
        self._written_bytes = 0
        self._is_torn = False
        self._suffix = SUFFIX if hold is None else f".{hold}{HELD_SUFFIX}"
        self._append = appender()
        self._fsync = fsync
        fields = {**describe_process(redactor or Redactor()), **(program or {})}
        signature = sign_process(signer, process=self.process_id, launch=fields) if signer is not None else None
        self._repeated = [("process", now_ns(), _body({"process": self.process_id, **fields, "sig": signature}))]
        try:
            self._descriptor = descriptors.out_of_the_way(self._open_segment())
        except OSError as error:
            signals.pass_on(error)
            raise JournalError(f"cannot write a journal in {self.folder}: {error.strerror or error}") from error

    def record(self, kind: str, **fields: Any) -> None:
        """Append a record that is not on the hot path."""
        self.write(self._line(kind, now_ns(), _body(fields)))

    def record_for_all(self, kind: str, **fields: Any) -> None:
        """Append a record that later ones name: each segment that follows begins with it, and so stands by itself."""
        repeated = (kind, now_ns(), _body(fields))
        self._repeated.append(repeated)
        self.write(self._line(*repeated))

    def write(self, line: bytes) -> None:
        """Append one whole line.

        Raises:
            OSError: the disk is full, or the file is gone.

        """
        if self._is_torn:
            line = b"\n" + line
        written_bytes = self._append(self._descriptor, line)
        if written_bytes < len(line):
            self._is_torn = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_torn = False
        if self._fsync:
            os.fsync(self._descriptor)
        self._written_bytes += written_bytes  # of two threads one may not be counted: the limit is no exact one
        if self._written_bytes > self._limit_bytes:
            self._rotate()

    def go_on_if_gone(self) -> bool:
        """Where somebody removed or closed the newest segment, begin another; tell whether it was so."""
        is_gone = descriptors.is_gone(self._descriptor) and self._limit_bytes < sys.maxsize
        if is_gone:
            self._rotate()
        return is_gone

    def keep(self) -> None:
        """Show a held journal to readers."""
        with self._rotating:
            self._suffix = SUFFIX
            for at, path in enumerate(self.paths):  # the oldest first: no reader finds an end before its start
                self.paths[at] = path.rename(_shown(path))

    def drop(self) -> None:
        """Remove a held journal; what is still written goes nowhere."""
        with self._rotating:
            self._limit_bytes = sys.maxsize
            for path in self.paths:  # the oldest first: the newest has the lock that readers heed
                path.unlink(missing_ok=True)

    def holds(self, kind: str, span: str) -> bool:
        """Tell whether a record of this kind is among the last that were written: asked after Ctrl-C."""
        marks = f'"r":"{kind}"'.encode(), f'"span":"{span}"'.encode()
        return any(all(mark in line for mark in marks) for path in self.paths[-2:] for line in _last_lines(path))

    def close(self) -> None:
        """Close the files; this frees their locks where no forked child shares them."""
        descriptors.close(self._descriptor, self._newborn)
        self._descriptor = self._newborn = CLOSED

    def abandon(self) -> None:
        """Let go of files that are the parent's, after a fork: what is still written here goes nowhere.

        The descriptor stays taken: calls that began before the fork may end in the child too, and must not write into
        whatever file is opened next.
        """
        self._limit_bytes = sys.maxsize
        descriptors.lead_nowhere(self._descriptor, self._newborn)

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():  # by then the names of this module are gone, and the system closes what is open
            self.close()

    def _rotate(self) -> None:
        """Go on in a new segment; who comes while that is made writes into the old one."""
        if not self._rotating.acquire(blocking=False):
            return
        self._limit_bytes += SEGMENT_BYTES  # where there can be no new segment, the old one grows on
        try:
            repeated = len(self._repeated)
            self._newborn = self._open_segment()
            os.dup2(self._newborn, self._descriptor, inheritable=False)
            newborn, self._newborn = self._newborn, CLOSED
            os.close(newborn)
            self._written_bytes, self._limit_bytes = 0, SEGMENT_BYTES
            for added_meanwhile in self._repeated[repeated:]:
                self.write(self._line(*added_meanwhile))
        except OSError as error:
            descriptors.close(self._newborn)
            self._newborn = CLOSED
            guard.report(error)
        finally:
            self._rotating.release()

    def _open_segment(self) -> int:
        """Make a file under a temporary name, lock it, write what later records name, and give it its name."""
        make_store(self.folder.parent)
        self.folder.mkdir(exist_ok=True, mode=0o700)
        if self.paths and not self.paths[-1].exists():  # the process that holds this one has decided
            self._suffix = SUFFIX
        path = self.folder / f"{self._name}.{len(self.paths)}{self._suffix}"
        newborn = path.with_name(f"{path.name}.tmp")
        descriptor = os.open(newborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _write_whole(descriptor, b"".join(self._line(*repeated) for repeated in self._repeated))
            newborn.rename(path)
        except BaseException:
            os.close(descriptor)
            newborn.unlink(missing_ok=True)
            raise
        self.paths.append(path)
        return descriptor

    def _line(self, kind: str, at_ns: int, body: bytes) -> bytes:
        return b'%b%d,"t":%d,%b\n' % (opening(kind).encode(), next(self.ordinals), at_ns, body)


def opening(kind: str) -> str:
    """Return how a record of this kind opens: the next of the journal's ordinals stands behind it."""
    return f'{{"v":{FORMAT_VERSION},"r":"{kind}","n":'


def _write_whole(descriptor: int, data: bytes) -> None:
    if os.write(descriptor, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _last_lines(path: Path) -> list[bytes]:
    with (path if path.exists() else _shown(path)).open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - MOST_LOOKED_THROUGH))
        return file.readlines()


def _shown(path: Path) -> Path:
    """Return what a held segment is called where readers look."""
    journal, segment, *_ = path.name.split(".")
    return path.with_name(f"{journal}.{segment}{SUFFIX}")


def held_under(hold: str, folder: Path) -> list[Path]:
    """Return the segments that are held under a name, the oldest of each journal first."""
    return sorted(folder.glob(f"*.{hold}{HELD_SUFFIX}"), key=lambda path: int(path.name.split(".")[1]))


def decide(hold: str, journals: list[Journal], *, keep: bool) -> None:
    """Show what is held under a name, or drop it: what children wrote first, while these journals still hide it."""
    own = {path for journal in journals for path in journal.paths}
    for folder in {journal.folder for journal in journals}:
        for path in [path for path in held_under(hold, folder) if path not in own]:
            guard.attempt(partial(path.rename, _shown(path)) if keep else path.unlink)
    for journal in journals:
        guard.attempt(journal.keep if keep else journal.drop)


_journals: WeakSet[Journal] = WeakSet()
"""Those that this process has opened, whether or not anything still writes into them."""


def _abandon_in_child() -> None:
    for journal in list(_journals):
        journal.abandon()


os.register_at_fork(after_in_child=_abandon_in_child)


def make_store(store: Path) -> None:
    """Make the store's folder, for its user only and out of version control, unless it is there."""
    if store.is_dir():
        return
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    (store / ".gitignore").write_bytes(b"*\n")


def write_people_record(store: Path, kind: str, **fields: Any) -> None:
    """Append one record that a person made, in a journal of its own that never expires."""
    journal = Journal(store, prefix=PEOPLE_PREFIX)
    try:
        journal.record(kind, **fields)
    finally:
        journal.close()


def _body(fields: dict[str, Any]) -> bytes:
    """Return the members of a record that are not in its head."""
    return orjson.dumps({name: value for name, value in fields.items() if value is not None and value != ""})[1:]
