"""The storm for as long as asked, and what grew meanwhile: `python -m stress SECONDS`.

Owners live for minutes here, so that one that grows is seen; readers live all the time.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import treadle_storage
from owners import is_owned, owner_pid
from stress.storm import Weather, storm_over
from stress.test_store_under_stress import check_index, check_waits, summary

DEFAULT_S = 3600


@dataclass(frozen=True, slots=True)
class Sizes:
    """What could grow."""

    spans: int
    owner_mb: float
    owner_files: int
    """Descriptors that the owner has open."""
    readers_mb: float
    """The process of the readers."""
    journals: int
    journal_mb: float
    index_mb: float
    other_files: int
    """All but journals: there should be few, and always as many."""


def main() -> None:
    """Storm, tell each minute how large everything is, and check at the end as the test does."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_S
    weather = Weather(seconds, owner_lives_s=180, writer_lives_s=300, between_foreign_s=240, between_starts_s=60)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        os.environ |= {"TREADLE_STORE": str(store), "TREADLE_KEY_FILE": str(Path(folder, "key"))}
        seen: list[Sizes] = []
        began = time.monotonic()

        def tell() -> None:
            if is_owned(store):
                seen.append(_sizes(store))
                print(f"{time.monotonic() - began:6.0f} s  {_told(seen[-1])}", flush=True)

        storm = storm_over(store, weather, each_minute=tell)
        check_index(store, storm)
        tell()
    print(summary(storm))
    _tell_growth(seen)
    check_waits(storm)


def _sizes(store: Path) -> Sizes:
    pid = owner_pid(store)
    with treadle_storage.open(store, fresh=False) as client:
        spans = client.status().spans
    journals = list((store / "journal").iterdir())
    others = [path for path in store.rglob("*") if path.is_file() and path.parent.name != "journal"]
    return Sizes(
        spans=spans,
        owner_mb=_resident_mb(pid),
        owner_files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        readers_mb=_resident_mb(os.getpid()),
        journals=len(journals),
        journal_mb=sum(path.stat().st_size for path in journals) / 1e6,
        index_mb=sum(path.stat().st_size for path in others if path.name.startswith("treadle.duckdb")) / 1e6,
        other_files=len(others),
    )


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def _told(sizes: Sizes) -> str:
    return (
        f"{sizes.spans:>9,} spans  owner {sizes.owner_mb:5.0f} MB, {sizes.owner_files} open files  "
        f"readers {sizes.readers_mb:5.0f} MB  {sizes.journals} journals, {sizes.journal_mb:,.0f} MB  "
        f"index {sizes.index_mb:,.0f} MB  {sizes.other_files} other files"
    )


def _tell_growth(seen: list[Sizes]) -> None:
    """Compare the second half with the first: an index grows with its spans, and nothing else may grow with time."""
    middle = max(1, len(seen) // 2)
    halves = seen[:middle], seen[middle:] or seen
    for name in ("owner_mb", "owner_files", "readers_mb", "other_files"):
        first, second = (max(getattr(sizes, name) for sizes in half) for half in halves)
        print(f"{name:<12} at most {first:,.0f} in the first half, {second:,.0f} in the second")
    print(f"index        {seen[-1].index_mb * 1e6 / max(1, seen[-1].spans):,.0f} bytes a span")


if __name__ == "__main__":
    main()
