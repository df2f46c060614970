"""What `treadle doctor` finds out about the store: its owner, its journals, what could not be read."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import NotFoundError, TreadleError
from treadle.journal import FOLDER, HELD_SUFFIX, SUFFIX
from treadle_storage.disks import network_disk
from treadle_tui import figures
from treadle_tui.cli.checks import Finding

if TYPE_CHECKING:
    from treadle_storage import Status

MOST_LISTED = 10


def check_store(path: Path) -> Iterator[Finding]:
    """Look at the store through its owner."""
    import treadle_storage

    yield Finding("store", "path", str(path))
    if (kind := network_disk(path)) is not None:
        why = f"{kind}, over a network: its locks are not to be relied on, name a local one with TREADLE_STORE"
        yield Finding("store", "disk", why, problem=True)
    try:
        with treadle_storage.open(path) as store:
            status = store.status()
    except NotFoundError as error:
        yield Finding("store", "state", str(error))
    except TreadleError as error:
        yield Finding("store", "state", str(error), problem=True)
    else:
        yield from _index(path, status)


def check_journals(path: Path) -> Iterator[Finding]:
    """List the journals, the largest first."""
    folder = path / FOLDER
    files = sorted([*folder.glob(f"*{SUFFIX}*"), *folder.glob(f"*{HELD_SUFFIX}*")], key=_size, reverse=True)
    if not files:
        return
    total = figures.size(sum(map(_size, files)))
    yield Finding("journals", "all", f"{len(files)} in {path / FOLDER}, {total}")
    for file in files[:MOST_LISTED]:
        yield Finding("journals", figures.size(_size(file)), file.name)
    if len(files) > MOST_LISTED:
        yield Finding("journals", "…", f"{len(files) - MOST_LISTED} smaller ones")


def _index(path: Path, status: "Status") -> Iterator[Finding]:
    holds = f"{figures.count(status.traces)} traces, {figures.count(status.spans + status.open_spans)} spans"
    yield Finding("store", "holds", f"{holds} ({figures.count(status.open_spans)} open)")
    yield Finding("store", "owner", f"process {status.owner_pid}{', read-only' if status.read_only else ''}")
    yield Finding("store", "index", figures.size(_size(path / "treadle.duckdb")))
    yield Finding("store", "backlog", figures.size(status.backlog_bytes) if status.backlog_bytes else "none")
    if status.ingest_failure:
        yield Finding("store", "indexing", status.ingest_failure, problem=True)
    yield Finding("store", "rejected records", str(len(status.rejected)), problem=bool(status.rejected))
    for record in status.rejected[:MOST_LISTED]:
        where = f"{record.journal} at byte {record.offset_bytes}, {record.length_bytes} bytes"
        yield Finding("store", "rejected", f"{where}: {record.why}", problem=True)
    if len(status.rejected) > MOST_LISTED:
        yield Finding(
            "store", "rejected", f"{len(status.rejected) - MOST_LISTED} more, in {path / 'rejected'}", problem=True
        )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
