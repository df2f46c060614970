"""A new database file in the place of the old one: the only way in which DuckDB gives space back.

Whoever writes one is the only owner meanwhile: the owner that serves is asked to leave, and its lock is held. The new
file is whole before it takes the old one's name, so that a kill at any point leaves the store as it was.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from treadle.errors import StoreError
from treadle_storage.election import hold, release, serves
from treadle_storage.schema import DATABASE, new_database, open_database, quoted
from treadle_storage.starting import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from treadle_storage.place import Place

PATIENCE_S = 30.0
_RETRY_S = 0.005
NEWBORN = f"{DATABASE}.new"


@contextmanager
def sole_owner(place: Place, *, to: str) -> Iterator[None]:
    """Hold a store's lock, with nobody else at its database; `to` says what for, to whoever wants to open it.

    Raises:
        StoreError: the store cannot be written, or its owner does not leave.

    """
    if place.read_only:
        raise StoreError(f"{place.store} can only be read: {to} writes it")
    lock_fd = _hold(place, to)
    try:
        yield
    finally:
        release(lock_fd)


def rewrite(store: Path, fill: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
    """Make a new database beside the store's, have it filled, and put it in the old one's place.

    What fills it is given the new database, with the old one attached as `old`, both of this version.

    Raises:
        StoreHeldError: another program has the old file open.
        StoreError: the old file cannot be opened.

    """
    open_database(store, read_only=False).close()  # brought to this version, its write-ahead log taken in
    newborn = store / NEWBORN
    _remove(newborn)
    connection = new_database(newborn)
    try:
        connection.execute(f"attach {quoted(store / DATABASE)} as old (read_only)")
        fill(connection)
        connection.execute("detach old")
        connection.execute("checkpoint")
    except BaseException:
        connection.close()
        _remove(newborn)
        raise
    connection.close()
    newborn.replace(store / DATABASE)


def _hold(place: Place, to: str) -> int:
    """Take the lock, asking whoever has it to leave; an owner may win the next election too, and is asked again."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        lock_fd = hold(place, note=to)
        if lock_fd is not None:
            return lock_fd
        if time.monotonic() > deadline:
            raise StoreError(f"the owner of {place.store} does not leave: end its clients, and {to} again")
        if serves(place):
            _ask_to_leave(place)
        time.sleep(_RETRY_S)


def _ask_to_leave(place: Place) -> None:
    try:
        connection = connect(place)
        connection.send("leave")
        connection.receive()
        connection.close()
    except ConnectionError:  # it left before it could answer
        return


def _remove(database: Path) -> None:
    for path in (database, database.with_name(f"{database.name}.wal")):
        path.unlink(missing_ok=True)
