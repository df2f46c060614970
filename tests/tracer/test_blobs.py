"""Blobs: large values in files named after their content."""

import errno
import os
from pathlib import Path

import pytest

from treadle.blobs import Blobs, name_of, read_blob
from treadle.errors import BlobError

DATA = bytes(range(256)) * 1000


def files(store: Path) -> list[Path]:
    """Return the files of the blob folder."""
    return [path for path in (store / "blobs").rglob("*") if path.is_file()]


def test_what_is_kept_is_read_again(store: Path) -> None:
    """Under the name that `keep` returned, byte for byte, for the user alone."""
    name = Blobs(store).keep(DATA)
    assert read_blob(store, name) == DATA
    (file,) = files(store)
    assert (file.stat().st_mode & 0o777, file.name) == (0o600, name)


def test_equal_values_are_kept_once(store: Path) -> None:
    """However often, and by however many processes."""
    names = {Blobs(store).keep(DATA) for _ in range(3)}
    first = files(store)[0].stat()
    names.add(Blobs(store).keep(DATA))
    (file,) = files(store)
    assert (len(names), file.stat().st_ino) == (1, first.st_ino)


def test_what_a_kill_left_half_written_is_written_again(store: Path) -> None:
    """A file of the right name and the wrong size is no blob."""
    name = Blobs(store).keep(DATA)
    files(store)[0].write_bytes(DATA[:10])
    Blobs(store).keep(DATA)
    assert read_blob(store, name) == DATA


def test_short_writes_are_finished(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk may take a large value in pieces."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1000]))
    assert read_blob(store, Blobs(store).keep(DATA)) == DATA


def test_a_full_disk_leaves_nothing_behind(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither half a blob nor a temporary file."""

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        Blobs(store).keep(DATA)
    assert files(store) == []


def test_a_changed_blob_is_refused(store: Path) -> None:
    """Its name says what it must hold."""
    name = Blobs(store).keep(DATA)
    files(store)[0].write_bytes(b"x" * len(DATA))
    with pytest.raises(BlobError, match="was changed since it was recorded"):
        read_blob(store, name)


def test_a_link_is_no_blob(store: Path, tmp_path: Path) -> None:
    """A store that somebody sent must not make us read another file."""
    name = Blobs(store).keep(DATA)
    (tmp_path / "elsewhere").write_bytes(DATA)
    file = files(store)[0]
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BlobError, match="cannot be read"):
        read_blob(store, name)


def test_a_pipe_is_no_blob(store: Path) -> None:
    """Nobody waits for what somebody may write into it."""
    name = Blobs(store).keep(DATA)
    file = files(store)[0]
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(BlobError, match="was changed"):
        read_blob(store, name)


@pytest.mark.parametrize("name", ["", "../../key", "A" * 64, name_of(b"")[:-1], f"{name_of(b'')}/.."])
def test_a_name_is_a_digest(store: Path, name: str) -> None:
    """Nothing else can be asked for."""
    with pytest.raises(BlobError, match="is no name of a blob"):
        read_blob(store, name)


def test_one_that_is_gone_is_named(store: Path) -> None:
    """The error says which."""
    with pytest.raises(BlobError, match=f"the blob {name_of(b'gone')} cannot be read: No such file"):
        read_blob(store, name_of(b"gone"))
