"""A journal whose writer may yet drop it is not there for readers, unless the writer is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_runs import Suite
from treadle import journal
from treadle.journal import Journal
from treadle_storage.index import Index
from treadle_storage.journals import list_journals
from treadle_storage.summaries import summaries_of

IDS = (b"a" * 32, b"b" * 16)
HOLD = "00000000000000cc"


@pytest.fixture
def held(store: Path) -> Journal:
    """Return a held journal."""
    return Journal(store, hold=HOLD)


def listed(store: Path) -> list[str]:
    """Return the processes whose journals readers see."""
    return [journal.process for journal in list_journals(store)]


def test_it_is_not_there_while_its_writer_has_not_decided(store: Path, held: Journal) -> None:
    """Others are."""
    other = Journal(store)
    assert listed(store) == [other.process_id]
    other.close()
    held.close()


def test_kept_it_is_there_and_goes_on(store: Path, held: Journal) -> None:
    """Its writer still holds its lock, and what it writes from then on is in it."""
    held.keep()
    held.record("event", name="later")
    (shown,) = list_journals(store)
    assert shown.process == held.process_id
    assert b'"later"' in shown.path.read_bytes()
    assert held.paths == [shown.path]
    held.close()


def test_dropped_it_is_gone_and_takes_what_is_still_written(store: Path, held: Journal) -> None:
    """A call that ends afterwards has no fault to tell."""
    held.drop()
    held.record("event", name="later")
    held.close()
    assert listed(store) == []
    assert list((store / "journal").iterdir()) == []


def test_one_whose_writer_is_gone_counts(store: Path, held: Journal) -> None:
    """Nobody can decide any more."""
    held.close()
    assert listed(store) == [held.process_id]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a segment end after each record."""
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 0)


def write_segments(held: Journal) -> int:
    """Write until the journal has several segments, with a span that is open across them; return how many."""
    trace, span = (each.decode() for each in IDS)
    held.record("start", trace=trace, span=span, name="long", bytes=2, **{"in": {}})
    for _ in range(3):
        held.record("event", trace=trace, span=span, name="going on")
    return len(held.paths)


@pytest.mark.usefixtures("small_segments")
def test_the_segments_of_one_are_kept_together(store: Path, held: Journal) -> None:
    """None counts while it is undecided, though only the newest has a lock; kept, all do, and nothing seems cut off."""
    index = Index(store)
    count = write_segments(held)
    assert count > 2
    index.ingest()
    assert listed(store) == []
    oldest = held.paths[0]
    shown = oldest.rename(oldest.with_name(oldest.name.replace(f".{HOLD}.held", ".ndjson")))
    index.ingest()  # as a reader sees it while they are renamed
    shown.rename(oldest)
    held.keep()
    index.ingest()
    with index.cursor() as cursor:
        assert cursor.execute("select name, status from spans").fetchall() == [("long", "running")]
    index.close()
    assert listed(store) == [held.process_id] * count
    held.record("event", name="later")
    assert {path.suffix for path in (store / "journal").iterdir()} == {".ndjson"}
    held.close()


@pytest.mark.usefixtures("small_segments")
def test_the_segments_of_one_are_dropped_together(store: Path, held: Journal) -> None:
    """And it grows no others."""
    write_segments(held)
    held.drop()
    held.record("event", name="later")
    assert list((store / "journal").iterdir()) == []
    held.close()


def test_what_children_wrote_waits_for_the_one_that_decides(store: Path, held: Journal) -> None:
    """A child that is gone is not there before, and goes with the others; so does one that still writes."""
    gone, living = Journal(store, hold=HOLD), Journal(store, hold=HOLD)
    gone.close()
    assert listed(store) == []
    journal.decide(HOLD, [held], keep=True)
    assert sorted(listed(store)) == sorted(each.process_id for each in (held, gone, living))
    living.record("event", name="later")
    assert living.holds("event", "") is False
    for each in (held, living):
        each.close()


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("keep", [True, False])
def test_a_child_goes_on_for_everybody_when_it_was_decided(store: Path, held: Journal, keep: bool) -> None:
    """Its next segment is no more held, whatever became of those before."""
    child = Journal(store, hold=HOLD)
    journal.decide(HOLD, [held], keep=keep)
    assert len(listed(store)) == (2 if keep else 0)
    child.record("event", name="later")
    assert listed(store).count(child.process_id) == (2 if keep else 1)
    assert {path.suffix for path in (store / "journal").iterdir()} == {".ndjson"}
    for each in (held, child):
        each.close()


def test_a_test_that_killed_its_process_is_found(store: Path, tmp_path: Path) -> None:
    """Its trace is there with what it had called, and those of the tests before it are not."""
    tests = Suite(tmp_path / "project")
    tests.write("def test_good(): step(1)\ndef test_bad():\n    step(2)\n    os._exit(3)\n")
    assert tests.run("--treadle").code == 3
    index = Index(store)
    index.ingest()
    with index.cursor() as cursor:
        (trace,) = summaries_of(index.ask("traces", {}, cursor))
    index.close()
    assert (trace.name, trace.status, trace.span_count) == ("test_it.py::test_bad", "interrupted", 2)
