"""Journals after they were indexed: compressed once they are over, and removed when they have been kept long enough.

What people said stays for good. A process's journal goes whole, so that an index can be rebuilt from whole ones.
"""

from __future__ import annotations

import gzip
import logging
import os
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from treadle.errors import TreadleError
from treadle_storage.durations import seconds_in
from treadle_storage.journals import PACKED_SUFFIX, is_writer_alive, list_journals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from treadle_storage.journals import JournalFile

VARIABLE = "TREADLE_KEEP_JOURNALS"
KEPT = "7d"
PACKED_AFTER_S = 3600.0
_LEVEL = 1
"""Of gzip's: a tenth of the size at 100 MB a second; higher ones take three times as long for a twentieth less."""


EVERY_S = 3600.0
_LOOK_S = 0.5

_log = logging.getLogger(__name__)


class JournalKeeper:
    """The owner's thread that tidies the journals: when they are indexed, and every hour while it serves."""

    def __init__(
        self, store: Path, indexed: Callable[[], Mapping[str, bool]], *, is_caught_up: Callable[[], bool]
    ) -> None:
        self._store = store
        self._indexed = indexed
        self._is_caught_up = is_caught_up
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journals", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the segment under way."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not (self._is_caught_up() or self._stopping.wait(_LOOK_S)):
            continue
        while not self._stopping.is_set():
            try:
                tidy(self._store, self._indexed(), keep_s=kept_s(), is_stopped=self._stopping.is_set)
            except (TreadleError, OSError):
                _log.exception("journals could not be tidied")
            self._stopping.wait(EVERY_S)


def kept_s() -> float:
    """Return how long journals are kept, in seconds: as `TREADLE_KEEP_JOURNALS` says, else a week.

    Raises:
        UsageError: it is no length of time.

    """
    return seconds_in(os.environ.get(VARIABLE) or KEPT)


def tidy(
    store: Path, is_indexed: Mapping[str, bool], *, keep_s: float, is_stopped: Callable[[], bool] = lambda: False
) -> None:
    """Compress and remove what is over; `is_indexed` tells of segments, by name, whether they are indexed whole."""
    by_process: dict[str, list[JournalFile]] = defaultdict(list)
    for journal in list_journals(store):
        by_process[journal.process].append(journal)
    for segments in by_process.values():
        if is_stopped():
            return
        if not all(is_indexed.get(segment.name) for segment in segments) or any(map(is_writer_alive, segments)):
            continue
        age_s = time.time() - max(segment.path.stat().st_mtime for segment in segments)
        if age_s >= keep_s and not segments[0].is_people:
            for segment in segments:
                segment.path.unlink(missing_ok=True)
        elif age_s >= PACKED_AFTER_S:
            for segment in segments:
                _pack(segment)


def _pack(segment: JournalFile) -> None:
    """Write it compressed under a temporary name, and let that take its place: a kill leaves one of the two."""
    if segment.is_packed:
        return
    packed = segment.path.with_name(f"{segment.path.name}{PACKED_SUFFIX}")
    newborn = packed.with_name(f"{packed.name}.tmp")
    status = segment.path.stat()
    with segment.path.open("rb") as plain, gzip.open(newborn, "wb", compresslevel=_LEVEL) as file:
        while piece := plain.read(1 << 20):
            file.write(piece)
    newborn.chmod(0o600)
    os.utime(newborn, ns=(status.st_atime_ns, status.st_mtime_ns))  # its age is that of what it holds
    newborn.replace(packed)
    segment.path.unlink(missing_ok=True)
