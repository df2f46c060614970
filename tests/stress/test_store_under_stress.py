"""Nothing is lost and nobody waits long, whoever is killed and whoever takes the file away."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from stress.storm import Storm, Weather, storm_over
from treadle_storage.starting import HELD_PATIENCE_S
from waiting import wait_until

STORM_S = float(os.environ.get("TREADLE_STORM_S", "30"))
LONGEST_WAIT_S = 2.0
STARTS_IN_A_WAIT = 4
"""On a machine that is busy with other things a wait may take as long as so many processes to start."""


@pytest.mark.timeout(STORM_S + 120)
def test_what_was_acknowledged_is_there_once_and_soon(store: Path) -> None:
    """Sixteen writers, the owner killed again and again, writers killed, the database file taken away at times."""
    storm = storm_over(store, Weather(STORM_S))
    print(summary(storm))
    try:
        check_index(store, storm)
    finally:
        end_owner(store)
    check_waits(storm)
    assert len(storm.owner_kills) >= STORM_S / 15
    assert storm.writer_kills >= STORM_S / 15
    assert len(storm.held) >= 2


def check_index(store: Path, storm: Storm) -> None:
    """Check that every acknowledged span is indexed once, and none twice, and no record was lost but torn ones."""
    with treadle_storage.open(store) as client:
        status = wait_until(
            lambda: not ((now := client.status()).backlog_bytes or now.open_spans or now.ingest_failure) and now,
            timeout_s=60,
            what="everything indexed, and what was open interrupted",
        )
        counted = Counter(span for (span,) in client.sql("select span_id from spans", timeout_s=60))
    assert storm.acknowledged
    assert len(set(storm.acknowledged)) == len(storm.acknowledged)
    assert [span for span in storm.acknowledged if counted[span] != 1] == []
    assert [span for span, times in counted.items() if times != 1] == []
    assert [each.why for each in status.rejected if not each.why.startswith("not JSON")] == []
    assert len(status.rejected) <= storm.writer_kills, "more than the torn last records of killed writers"


def check_waits(storm: Storm) -> None:
    """Check that nobody waited long, nor was told anything but who has the file, within the documented patience."""
    longest_s = max(LONGEST_WAIT_S, STARTS_IN_A_WAIT * storm.start_s())
    assert storm.waits
    assert [wait for wait in storm.waits if wait.error is not None and not wait.is_held] == []
    assert storm.slowest_s() <= longest_s
    for wait in storm.waits:
        if wait.is_held:
            assert "PID" in str(wait.error)
        if wait.is_held or storm.is_behind_foreign(wait):
            assert storm.waited_s(wait) <= HELD_PATIENCE_S + longest_s


def summary(storm: Storm) -> str:
    """Return the storm in a sentence."""
    return (
        f"{len(storm.acknowledged):,} spans acknowledged; {len(storm.owner_kills)} owners and {storm.writer_kills} "
        f"writers killed; file taken away {len(storm.held)} times; {len(storm.waits):,} questions, the slowest "
        f"{storm.slowest_s():.2f} s; a process takes {storm.start_s():.2f} s to start"
    )
