"""Blobs: large values in files named after their content, beside the journals that name them.

A blob is on disk before the record that names it, under a temporary name until it is whole. What stands twice in a
program's calls, an image in every turn of a conversation, stands once on disk.
"""

import os
import re
import secrets
from hashlib import blake2b
from pathlib import Path

from treadle.errors import BlobError

FOLDER = "blobs"
DIGEST_BYTES = 32
_NAME = re.compile("[0-9a-f]{64}").fullmatch


class Blobs:
    """The blobs of a store, as a traced program adds to them."""

    __slots__ = ("_folder", "_fsync")

    def __init__(self, store: Path, *, fsync: bool = False) -> None:
        self._folder = store / FOLDER
        self._fsync = fsync

    def keep(self, data: bytes) -> str:
        """Have these bytes on disk, and return the name by which a record finds them.

        What is there already is touched: `prune` removes old blobs that no record names yet.

        Raises:
            OSError: they cannot be written.

        """
        name = name_of(data)
        path = _path(self._folder, name)
        try:
            is_whole = path.stat().st_size == len(data)
            os.utime(path)
        except OSError:
            is_whole = False
        if not is_whole:
            self._write(path, data)
        return name

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        newborn = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        descriptor = os.open(newborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                _write_all(file.fileno(), data)
                if self._fsync:
                    os.fsync(descriptor)
            newborn.rename(path)
        except BaseException:
            newborn.unlink(missing_ok=True)
            raise


def name_of(data: bytes) -> str:
    """Return the name of a blob: BLAKE2b-256 of its content, in hex."""
    return blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def read_blob(store: Path, name: str) -> bytes:
    """Return the content of a blob.

    Raises:
        BlobError: it is not there, is a link, or is not what its name says.

    """
    if _NAME(name) is None:
        raise BlobError(f"{name!r} is no name of a blob")
    path = _path(store / FOLDER, name)
    try:
        # A pipe that somebody put there must not make us wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read()
    except OSError as error:
        raise BlobError(f"the blob {name} cannot be read: {error.strerror or error}") from error
    if name_of(data) != name:
        raise BlobError(f"the blob {name} was changed since it was recorded")
    return data


def _path(folder: Path, name: str) -> Path:
    return folder / name[:2] / name


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
