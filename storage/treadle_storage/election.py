"""Which process is the owner: the one that holds the lock on `owner.lock`, and listens on the socket.

The lock is on a file of its own, because DuckDB's is a POSIX lock: any close of the database file by its holder drops
it. Nothing slow is imported here, so that losers of an election leave soon.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import StoreError
from treadle_storage.place import fits_a_socket

if TYPE_CHECKING:
    from pathlib import Path

    from treadle_storage.place import Place

PATIENCE_S = 20
"""How long a candidate waits for a holder of the lock that does not serve: one that is leaving, or a hung one."""
_RETRY_S = 0.02
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Election:
    """Won: the lock is held and the socket listens."""

    place: Place
    lock_fd: int
    listener: socket.socket
    socket_path: Path

    def stands(self) -> bool:
        """Tell whether the lock is still the store's: false after someone removed or replaced the store."""
        return _same_file(self.lock_fd, self.place.lock)

    def stop_listening(self) -> None:
        """Turn new clients away; they try again until another is the owner."""
        if self.stands():  # otherwise the socket there is another's
            self.socket_path.unlink(missing_ok=True)
        self.listener.close()

    def resign(self) -> None:
        """Let another become the owner, when the database is closed."""
        os.close(self.lock_fd)


def elect(place: Place, *, patience_s: float = PATIENCE_S) -> Election | None:
    """Become the owner, or return None where another already serves."""
    deadline = time.monotonic() + patience_s
    while True:
        lock_fd = _locked(place.lock)
        if lock_fd is not None:
            listener, socket_path = _listen(place)
            place.record_socket(socket_path)
            return Election(place, lock_fd, listener, socket_path)
        if serves(place):
            return None
        if time.monotonic() > deadline:
            raise _not_served(place)
        time.sleep(_RETRY_S)


def serves(place: Place) -> bool:
    """Tell whether somebody listens on the owner's socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(place.socket()))
        except OSError:
            return False
    return True


def _locked(path: Path) -> int | None:
    lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock_fd)
        return None
    if not _same_file(lock_fd, path):
        os.close(lock_fd)
        return None
    return lock_fd


def hold(place: Place, *, note: str) -> int | None:
    """Take a store's lock to work on its files, without serving; None where somebody else has it."""
    lock_fd = _locked(place.lock)
    if lock_fd is not None:
        _note(lock_fd, f"{os.getpid()} {note}\n")
    return lock_fd


def release(lock_fd: int) -> None:
    """Give the lock back."""
    os.ftruncate(lock_fd, 0)
    os.close(lock_fd)


def note_holder(election: Election) -> None:
    """Write this process's id into the lock file, for people who look."""
    _note(election.lock_fd, f"{os.getpid()}\n")


def _note(lock_fd: int, text: str) -> None:
    os.ftruncate(lock_fd, 0)
    os.pwrite(lock_fd, text.encode(), 0)


def _not_served(place: Place) -> StoreError:
    """Return what is wrong where somebody holds the lock and does not serve: it works on the files, or hangs."""
    pid, _, note = place.lock.read_text("utf-8").strip().partition(" ")
    if note:
        return StoreError(f"process {pid} has {place.store} to itself, to {note}: ask again when it has ended")
    return StoreError(
        f"process {pid or 'unknown'} owns {place.store} and does not answer: end that process, "
        "another takes its place with the next command"
    )


def _same_file(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _listen(place: Place) -> tuple[socket.socket, Path]:
    failure: OSError | None = None
    for path in place.sockets():
        try:
            return _bound(path), path
        except OSError as error:  # too long, or a file system without sockets: the next place
            failure = error
    raise StoreError(f"no socket can be made for the owner of {place.store}: {failure}") from failure


def _bound(path: Path) -> socket.socket:
    if not fits_a_socket(path):
        raise OSError(f"{path} is too long for a Unix socket")
    path.unlink(missing_ok=True)  # left by an owner that was killed: the lock is ours
    listener = socket.socket(socket.AF_UNIX)
    umask = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(umask)
    return listener
