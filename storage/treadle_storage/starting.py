"""A client's way to the owner: connect, and start one where nobody serves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import treadle
import treadle_storage
from treadle.errors import NotFoundError, StoreError, StoreHeldError, TreadleError
from treadle_storage.connection import Connection
from treadle_storage.protocol import PROTOCOL, Header, error_from, version_misfit

if TYPE_CHECKING:
    from treadle_storage.place import Place

PATIENCE_S = 30.0
HELD_PATIENCE_S = 3.0
"""How long a foreign program that holds the database file is waited for: by an owner, and so by a client."""
_STALE_REFUSAL_S = 0.05
_HELLO_TIMEOUT_S = 60.0
"""Opening a large index after a crash replays its write-ahead log first."""


def connect(place: Place, *, patience_s: float = PATIENCE_S) -> Connection:
    """Return a connection to the store's owner, greeted; start the owner if need be.

    Raises:
        StoreError: the store cannot be opened; the owner's own error where it gave one.

    """
    begun = time.monotonic()
    while True:
        try:
            return _greeted(place)
        except StoreHeldError:
            if time.monotonic() > begun + HELD_PATIENCE_S:
                raise
            time.sleep(_STALE_REFUSAL_S)  # an owner on its way out, that waited before we asked
            continue
        except (FileNotFoundError, ConnectionError) as error:
            if time.monotonic() > begun + patience_s:
                raise StoreError(_no_owner(place)) from error
        start_owner(place)


def start_owner(place: Place) -> None:
    """Start an owner and return when it listens, or when another one does.

    Raises:
        NotFoundError: the store is gone.
        StoreError: the owner cannot be started, or said why it cannot serve.

    """
    if not place.store.is_dir():
        raise NotFoundError(f"{place.store} is gone: it was removed while it was open")
    command = [sys.executable, "-P", "-m", "treadle_storage.owner", str(place.store)]
    if place.read_only:
        command.append("--read-only")
    try:
        started = subprocess.run(
            command,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
    except OSError as error:
        raise StoreError(f"the owner of {place.store} cannot be started with {sys.executable!r}: {error}") from error
    if started.returncode:
        raise _start_failure(place, started)


def _greeted(place: Place) -> Connection:
    sock = socket.socket(socket.AF_UNIX)
    connection = Connection(sock)
    try:
        sock.connect(str(place.socket()))
        connection.set_timeout(_HELLO_TIMEOUT_S)
        _check_owner_is_ours(place, connection)
        connection.send("hello", protocol=PROTOCOL, pid=os.getpid())
        _check_hello(place, connection.receive().header)
        connection.set_timeout(None)
    except PermissionError as error:
        connection.close()
        raise StoreError(
            f"{place.store} is in use by another user: open it with --read-only when they are done"
        ) from error
    except TimeoutError as error:
        connection.close()
        raise StoreError(_no_owner(place)) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _check_owner_is_ours(place: Place, connection: Connection) -> None:
    uid = connection.peer_uid()
    if uid != os.geteuid():
        raise StoreError(f"the process behind {place.socket()} belongs to uid {uid}, not to you: it is not trusted")


def _check_hello(place: Place, header: Header) -> None:
    if header.get("leaving"):  # an idle owner of another version, making room
        raise ConnectionResetError
    if header.get("op") == "error":
        raise error_from(header)
    if header.get("protocol") != PROTOCOL:
        raise version_misfit(str(place.store), header.get("pid"), header.get("protocol"), PROTOCOL)


def _environment() -> dict[str, str]:
    """Let the owner find our packages where we found them, without the folder it is started in."""
    roots = {str(Path(str(package.__file__)).parent.parent) for package in (treadle, treadle_storage)}
    extra = sorted(root for root in roots if Path(root).name not in {"site-packages", "dist-packages"})
    known = [str(Path(entry).absolute()) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*known, *extra])}


def _start_failure(place: Place, started: subprocess.CompletedProcess[bytes]) -> TreadleError:
    try:
        return error_from(json.loads(started.stdout))
    except ValueError:
        last_line = started.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return StoreError(f"the owner of {place.store} cannot be started: {last_line or started.returncode}")


def _no_owner(place: Place) -> str:
    return f"the owner of {place.store} does not answer: {place.log} says why; end it, and ask again"
