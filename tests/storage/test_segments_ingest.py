"""Journals that go on in new segments, as the tracer writes them, into the index."""

from __future__ import annotations

from pathlib import Path

import pytest

import treadle
from storage.indexes import ingest_all, rows
from treadle import journal
from treadle_storage import ingest
from treadle_storage.index import Index
from treadle_storage.journals import list_journals


@treadle.trace(kind="tool")
def add(left: int, right: int = 2) -> int:
    """Add."""
    return left + right


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a segment end after a few calls."""
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 4_000)


def test_spans_of_all_segments_are_there_once(index: Index) -> None:
    """However the rounds fall between the segments, with the function they name, which is there once too."""
    for number in range(60):
        add(number)
        if number % 7 == 0:
            index.ingest()
    ingest_all(index)
    assert rows(index, "select count(*), count(distinct span_id), count(distinct process_id) from spans") == [
        (60, 60, 1)
    ]
    assert rows(index, "select distinct code_function, status from spans") == [(f"{__name__}:add", "ok")]
    assert rows(index, "select count(*) from functions") == [(1,)]
    assert rows(index, "select count(*) from processes") == [(1,)]


def test_a_segment_that_is_followed_interrupts_nothing(
    store: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that went on in a segment made since the journals were listed is not taken for dead."""

    @treadle.trace
    def outer() -> None:
        listed_before = list_journals(store)
        for number in range(60):
            add(number)
        monkeypatch.setattr(ingest, "list_journals", lambda _: listed_before)
        ingest_all(index)
        monkeypatch.undo()
        assert rows(index, "select status from spans where name = 'outer'") == [("running",)]

    outer()
    ingest_all(index)
    assert rows(index, "select status from spans where name = 'outer'") == [("ok",)]


def test_a_later_segment_stands_by_itself(store: Path, index: Index) -> None:
    """When the first ones are gone, calls of the last still have their process and their function."""
    for number in range(60):
        add(number)
    last = max(list_journals(store), key=lambda found: found.segment)
    for found in list_journals(store):
        if found != last:
            found.path.unlink()
    ingest_all(index)
    spans = "spans join processes using (process_id) where name = 'add'"
    assert rows(index, f"select distinct code_function, argv is not null from {spans}") == [(f"{__name__}:add", True)]
