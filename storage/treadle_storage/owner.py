"""The owner: the one process that holds a store's database file, `python -m treadle_storage.owner STORE`.

Whoever needs the store starts it. It locks and listens first and then detaches, so that a starter that sees it return
can connect at once; questions wait in the socket until the database is open. A start that fails says so on standard
output as the JSON of an error. It leaves when nobody has been connected for TREADLE_OWNER_IDLE_S seconds (30).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import StoreError, TreadleError
from treadle_storage.election import elect, note_holder
from treadle_storage.place import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from treadle_storage.election import Election

_LOG_LIMIT_BYTES = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the owner of the store and serve, or leave it to the one that already does."""
    parser = argparse.ArgumentParser(prog="python -m treadle_storage.owner", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--read-only", action="store_true", help="open the database to read only, index nothing")
    parser.add_argument("--foreground", action="store_true", help="stay attached to the terminal, log to it")
    options = parser.parse_args(arguments)
    try:
        election = _elected(options.store, read_only=options.read_only)
    except TreadleError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error)}), flush=True)
        return error.exit_code
    if election is None:
        return 0
    if not options.foreground:
        _detach(election.place.log)
    note_holder(election)
    # Only now what is slow to import: the starter already waits in the socket.
    from treadle_storage.server import serve

    return serve(election)


def _elected(store: Path, *, read_only: bool) -> Election | None:
    try:
        return elect(place_of(store, read_only=read_only))
    except OSError as error:
        raise StoreError(f"no owner can be started for {store}: {error}") from error


def _detach(log: Path) -> None:
    """Go on in a session of our own, so that Ctrl-C in the terminal and its closing do not reach us."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        flags |= os.O_TRUNC
    log_fd = os.open(log, flags, 0o600)
    null_fd = os.open(os.devnull, os.O_RDONLY)
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    for fd, replaced in ((null_fd, 0), (log_fd, 1), (log_fd, 2)):
        os.dup2(fd, replaced)
    os.close(log_fd)
    os.close(null_fd)


if __name__ == "__main__":
    sys.exit(main())
