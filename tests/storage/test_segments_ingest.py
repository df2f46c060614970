"""Journals that go on in new segments, as the tracer writes them, into the index."""

from __future__ import annotations

from pathlib import Path

import pytest

import treadle
from storage.indexes import ingest_all, rows
from storage.journals import START_NS, JournalWriter, span_id
from treadle import journal
from treadle_storage import ingest
from treadle_storage.index import Index
from treadle_storage.journals import JournalFile, list_journals


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


@treadle.trace
def nest(depth: int) -> int:
    """Call itself."""
    return nest(depth - 1) if depth else add(depth)


@pytest.mark.parametrize("limit_bytes", [500, 1_500, 9_000])
def test_a_backlog_of_segments_cuts_no_call_in_two(index: Index, limit_bytes: int) -> None:
    """A call that ends in another segment than it began in is one step, wherever a round of reading ends."""
    nest(40)
    while (progress := index._ingest.run(limit_bytes=limit_bytes)).changed or progress.backlog_bytes:
        pass
    assert rows(index, "select name, status, count(*) from spans group by all order by name") == [
        ("add", "ok", 1), ("nest", "ok", 41)]  # fmt: skip


def test_what_is_written_while_segments_are_read_is_read_in_its_order(
    store: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that begins in a segment that was just read, and ends in the next one, which was not yet, is one step."""
    with JournalWriter(store) as first, JournalWriter(store, start_ns=START_NS + 1) as second:
        second.path = second.path.rename(first.path.with_name(first.path.name.replace(".0.", ".1.")))
        read_lines = ingest.read_lines

        def read_late(journal: JournalFile, **limits: int) -> bytes:
            if journal.segment == 1 and "late" not in first.path.read_text():
                first.start(span_id(2), "late")
                second.end(span_id(2))
            return read_lines(journal, **limits)

        monkeypatch.setattr(ingest, "read_lines", read_late)
        ingest_all(index)
        assert rows(index, "select name, status from spans") == [("late", "ok")]


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
