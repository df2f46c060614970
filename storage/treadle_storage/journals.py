"""The journals of a store as files: which there are, what they gained, and whether their writer lives."""

from __future__ import annotations

import fcntl
import gzip
import os
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL_FOLDER = "journal"
_PIECE_BYTES = 1 << 16
_NAME = re.compile(
    r"(?P<people>people-)?(?P<start_ns>\d+)-(?P<pid>\d+)-(?P<process>[0-9a-f]{16})\.(?P<segment>\d+)"
    r"(?:\.ndjson(?:\.gz)?|\.(?P<hold>[0-9a-f]{1,32})\.held)"
)
PACKED_SUFFIX = ".gz"
"""Of a segment that was indexed and is kept for a rebuild; its journal is over."""


@dataclass(frozen=True, slots=True)
class JournalFile:
    """One segment of one process's journal."""

    path: Path
    process: str
    start_ns: int
    segment: int
    is_people: bool
    """It holds what a person said, not what a program did."""

    @property
    def name(self) -> str:
        """The file's name, by which the index remembers how far it was read."""
        return self.path.name.removesuffix(PACKED_SUFFIX)

    @property
    def is_packed(self) -> bool:
        """Whether it is compressed, as it is once it has been indexed for a while."""
        return self.path.suffix == PACKED_SUFFIX

    @property
    def size_bytes(self) -> int:
        """How much it holds.

        Raises:
            FileNotFoundError: it was removed meanwhile.

        """
        if not self.is_packed:
            return self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(-4, os.SEEK_END)  # ISIZE of RFC 1952
            return int.from_bytes(file.read(4), "little")

    @property
    def next_segment(self) -> JournalFile | None:
        """Where the process went on, if it did; while a journal that was held is shown, the two can be named apart."""
        paths = self.path.parent.glob(f"{self.path.name.split('.')[0]}.{self.segment + 1}.*")
        named = (path for path in paths if _NAME.fullmatch(path.name))
        return next((replace(self, path=path, segment=self.segment + 1) for path in named), None)


def process_of(name: str) -> str:
    """Return the process whose journal a segment is of, by its name: `START-PID-PROCESS.SEGMENT.ndjson`."""
    return name.partition(".")[0].rpartition("-")[2]


def list_journals(store: Path) -> list[JournalFile]:
    """Return the journals, the process that started last first, the segments of one process in their order.

    What is still called `.tmp` is being born and is left alone, and `.held` what its writer may yet drop: it counts
    when the writer is gone and can decide nothing any more.
    """
    try:
        paths = list((store / JOURNAL_FOLDER).iterdir())
    except FileNotFoundError:
        return []
    names = {path.name for path in paths}
    matches = [
        (path, match)
        for path in paths
        if (match := _NAME.fullmatch(path.name)) is not None
        and not (path.suffix == PACKED_SUFFIX and path.stem in names)  # cut off while it was packed
    ]
    held = {match["hold"] for _, match in matches if match["hold"] is not None}
    undecided = {hold for hold in held if _may_be_dropped([path for path, match in matches if match["hold"] == hold])}
    found = [_journal(path, match) for path, match in matches if match["hold"] not in undecided]
    return sorted(found, key=lambda journal: (-journal.start_ns, journal.process, journal.segment))


def read_lines(journal: JournalFile, *, offset_bytes: int, limit_bytes: int) -> bytes:
    """Return what stands between the offset and the last newline, at most about `limit_bytes` of it.

    A record longer than the limit is read whole, and nothing after it.
    """
    with opened(journal) as file:
        file.seek(offset_bytes)
        data = file.read(limit_bytes)
        if b"\n" in data:
            return data[: data.rindex(b"\n") + 1]
        pieces = [data]
        while more := file.read(max(limit_bytes, _PIECE_BYTES)):
            end = more.find(b"\n")
            pieces.append(more if end < 0 else more[: end + 1])
            if end >= 0:
                return b"".join(pieces)
    return b""


def read_rest(journal: JournalFile, *, offset_bytes: int) -> bytes:
    """Return everything from the offset on: of a dead journal, the record that its writer did not finish."""
    with opened(journal) as file:
        file.seek(offset_bytes)
        return file.read()


def line_at(store: Path, name: str, offset_bytes: int, length_bytes: int) -> bytes:
    """Return a part of the journal of this name."""
    journal = next(journal for journal in list_journals(store) if journal.name == name)
    with opened(journal) as file:
        file.seek(offset_bytes)
        return file.read(length_bytes)


def opened(journal: JournalFile) -> BinaryIO:
    """Open what it holds, to be read at any place."""
    return BytesIO(_unpacked(journal.path)) if journal.is_packed else journal.path.open("rb")


@lru_cache(maxsize=1)
def _unpacked(path: Path) -> bytes:
    """Return what a packed segment holds: a few times 64 MB at most, and only while an index is rebuilt."""
    return gzip.decompress(path.read_bytes())


def is_writer_alive(journal: JournalFile) -> bool:
    """Tell whether the journal's writer still holds its lock. The pid would not say: pids come back."""
    return _is_locked(journal.path)


def _is_locked(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _journal(path: Path, match: re.Match[str]) -> JournalFile:
    return JournalFile(
        path=path,
        process=match["process"],
        start_ns=int(match["start_ns"]),
        segment=int(match["segment"]),
        is_people=match["people"] is not None,
    )


def _may_be_dropped(held: list[Path]) -> bool:
    """Tell whether a writer lives of the journals that are held under one name: each locks its newest segment."""
    try:
        return any(_is_locked(path) for path in held)
    except FileNotFoundError:  # shown or dropped meanwhile
        return True
