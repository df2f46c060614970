"""Recorded values in the replaying process: with its environment, and with the blobs of its store."""

import os
from typing import Any

from treadle import recorder
from treadle.blobs import read_blob
from treadle.errors import BlobError, NotReplayableError
from treadle.values.revive import revive

is_signed = False
"""Whether this user recorded what is replayed: `treadle.replay.child` says so once it has read its plan."""


def revived(tagged: bytes) -> Any:
    """Return the value that was recorded, or that the user gives in its place.

    Raises:
        NotReplayableError: something in it was not recorded, or may not be built; the message names it.

    """
    return revive(tagged, dict(os.environ), load=_load, pickles_are_signed=is_signed)


def _load(name: str) -> bytes:
    writer = recorder.recorder()
    if writer is None:
        raise NotReplayableError(f"the blob {name} cannot be read: there is no store")
    try:
        return read_blob(writer.store, name)
    except BlobError as error:
        raise NotReplayableError(str(error)) from error
