"""How much a store takes on disk: its index, its journals, its blobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.blobs import FOLDER as BLOB_FOLDER
from treadle_storage.journals import JOURNAL_FOLDER
from treadle_storage.schema import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a store takes, in bytes."""

    index_bytes: int
    journal_bytes: int
    blob_bytes: int

    @property
    def all_bytes(self) -> int:
        """All of it."""
        return self.index_bytes + self.journal_bytes + self.blob_bytes


def sizes_of(store: Path) -> Sizes:
    """Return what a store takes; the database file is looked at, never opened."""
    return Sizes(
        index_bytes=_sum(store.glob(f"{DATABASE}*")),
        journal_bytes=_sum((store / JOURNAL_FOLDER).glob("*")),
        blob_bytes=_sum((store / BLOB_FOLDER).glob("*/*")),
    )


def _sum(paths: Iterable[Path]) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # removed meanwhile
            continue
    return total
