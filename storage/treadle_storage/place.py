"""Where a store's owner is found: its lock, its socket, its log.

They lie in the store. A store that cannot be written, or whose socket cannot be bound (its path is too long, its disk
knows no sockets), has them in the user's runtime directory; the store then records where its socket is.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import StoreError

_RECORD = "owner.sock.path"
_LONGEST_SOCKET_PATH_BYTES = 100
"""sun_path holds 108 bytes on Linux and 104 on macOS, with the zero."""


@dataclass(frozen=True, slots=True)
class Place:
    """A store, and what its owner and its clients need to meet."""

    store: Path
    lock: Path
    log: Path
    read_only: bool
    """Its owner opens the database to read only, and indexes nothing."""

    def sockets(self) -> tuple[Path, ...]:
        """Return where the owner may bind its socket, best first."""
        if self.read_only:
            return (self.lock.with_suffix(".sock"),)
        return (self.store / "owner.sock", runtime_directory() / f"{_digest(self.store)}.sock")

    def socket(self) -> Path:
        """Return where clients find the owner's socket."""
        if self.read_only:
            return self.sockets()[0]
        try:
            return Path((self.store / _RECORD).read_text("utf-8"))
        except FileNotFoundError:
            return next(path for path in self.sockets() if fits_a_socket(path))

    def record_socket(self, socket_path: Path) -> None:
        """Leave word in the store where the socket is, if it is not in the store itself."""
        if self.read_only:
            return
        record = self.store / _RECORD
        if socket_path.parent == self.store:
            record.unlink(missing_ok=True)
        else:
            fresh = record.with_suffix(".tmp")
            fresh.write_text(str(socket_path), "utf-8")
            fresh.replace(record)


def place_of(store: Path, *, read_only: bool = False) -> Place:
    """Return the place of a store; read-only also where the store cannot be written."""
    store = store.resolve()
    if not read_only and os.access(store, os.W_OK | os.X_OK):
        return Place(store, store / "owner.lock", store / "owner.log", read_only=False)
    stem = runtime_directory() / f"{_digest(store)}-reader"
    return Place(store, stem.with_suffix(".lock"), stem.with_suffix(".log"), read_only=True)


def fits_a_socket(path: Path) -> bool:
    """Tell whether a Unix socket can have this path."""
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH_BYTES


def runtime_directory() -> Path:
    """Return this user's own directory for sockets, made if need be; nobody else may look into it."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and os.access(runtime, os.W_OK | os.X_OK):
        directory = Path(runtime) / "treadle"
    else:
        directory = Path(tempfile.gettempdir()) / f"treadle-{os.geteuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise StoreError(
            f"{directory} must be a directory that only you can enter, for the owner's socket: "
            "remove it, or set XDG_RUNTIME_DIR to a directory of your own"
        )
    return directory


def _digest(store: Path) -> str:
    return hashlib.blake2b(os.fsencode(store), digest_size=8).hexdigest()
