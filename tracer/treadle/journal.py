"""The journal: a process's append-only file of records, each on disk before the call goes on.

One `write` to an unbuffered append descriptor for each record: no thread and no buffer, so nothing is lost when the
process dies. `docs/journal.md` has the format.
"""

import errno
import fcntl
import itertools
import os
import platform
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

import orjson

from treadle.clock import now_ns
from treadle.errors import JournalError
from treadle.failure import writable
from treadle.signing import sign_process

FORMAT_VERSION = 1
FOLDER = "journal"
PEOPLE_PREFIX = "people-"
"""Journals of what people said (scores, marks): these never expire."""
MOST_LOOKED_THROUGH = 1 << 20


class Journal:
    """An open journal of this process, locked while it lives."""

    __slots__ = ("_descriptor", "_ordinals", "_torn", "path", "pid", "process_id")

    def __init__(
        self, store: Path, *, prefix: str = "", program: dict[str, Any] | None = None, key: bytes | None = None
    ) -> None:
        """Make the file under a temporary name, lock it, name it.

        `program` replaces fields of the process record where this process stands in for another program; `key` signs
        that record.

        Raises:
            JournalError: the store cannot be written.

        """
        self.pid = os.getpid()
        self.process_id = secrets.token_hex(8)
        self._ordinals = itertools.count()
        self._torn = False
        folder = store / FOLDER
        name = f"{prefix}{now_ns()}-{self.pid}-{self.process_id}.0.ndjson"
        self.path = folder / name
        try:
            make_store(store)
            folder.mkdir(exist_ok=True, mode=0o700)
            newborn = folder / f"{name}.tmp"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(newborn, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            fields = {**describe_process(), **(program or {})}
            signature = sign_process(key, process=self.process_id, launch=fields) if key is not None else None
            self.record("process", process=self.process_id, **fields, sig=signature)
            newborn.rename(self.path)
        except OSError as error:
            raise JournalError(f"cannot write a journal in {folder}: {error.strerror or error}") from error

    def record(self, kind: str, **fields: Any) -> None:
        """Append a record that is not on the hot path."""
        body = {name: value for name, value in fields.items() if value is not None and value != ""}
        self.write(b"%b,%b\n" % (self.head(kind, now_ns()).encode(), orjson.dumps(body)[1:]))

    def head(self, kind: str, at_ns: int) -> str:
        """Return the opening of a record, up to the last of the keys that every record has."""
        return f'{{"v":{FORMAT_VERSION},"r":"{kind}","n":{next(self._ordinals)},"t":{at_ns}'

    def write(self, line: bytes) -> None:
        """Append one whole line.

        Raises:
            OSError: the disk is full, or the file is gone.

        """
        if self._torn:
            line = b"\n" + line
        written = os.write(self._descriptor, line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def holds(self, kind: str, span: str) -> bool:
        """Tell whether a record of this kind is among the last that were written: asked after Ctrl-C."""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - MOST_LOOKED_THROUGH))
            return any(f'"r":"{kind}"'.encode() in line and f'"span":"{span}"'.encode() in line for line in file)

    def close(self) -> None:
        """Close the file; this frees its lock where no forked child shares it."""
        os.close(self._descriptor)


def make_store(store: Path) -> None:
    """Make the store's folder, for its user only and out of version control, unless it is there."""
    if store.is_dir():
        return
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    (store / ".gitignore").write_text("*\n")


def describe_process() -> dict[str, Any]:
    """Return what a replay needs to run this program again, and what a person wants to know of it."""
    return {
        "pid": os.getpid(),
        "argv": [writable(str(argument)) for argument in sys.argv],
        "cwd": writable(_working_folder()),
        "python": platform.python_version(),
        "executable": sys.executable,
        "host": socket.gethostname(),
        "service": os.environ.get("OTEL_SERVICE_NAME"),
        "main": _main(),
        "path": [writable(entry) for entry in sys.path if isinstance(entry, str)],
        "git_commit": _git_commit(),
    }


def write_people_record(store: Path, kind: str, **fields: Any) -> None:
    """Append one record that a person made, in a journal of its own that never expires."""
    journal = Journal(store, prefix=PEOPLE_PREFIX)
    try:
        journal.record(kind, **fields)
    finally:
        journal.close()


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


def _main() -> dict[str, str] | None:
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return {"module": spec.name}
    file = getattr(main, "__file__", None)
    return {"file": writable(str(Path(file).absolute()))} if file else None


def _git_commit() -> str | None:
    """Read the commit from the repository's files: a `git` process would be the user's time."""
    for folder in (here := Path(_working_folder() or "/"), *here.parents):
        head = folder / ".git" / "HEAD"
        try:
            text = head.read_text().strip()
            if not text.startswith("ref: "):
                return text or None
            return (folder / ".git" / text[5:]).read_text().strip()
        except OSError:
            continue
    return None
