"""A journal whose writer may yet drop it is not there for readers, unless the writer is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_runs import Suite
from treadle.journal import Journal
from treadle_storage.index import Index
from treadle_storage.journals import list_journals
from treadle_storage.summaries import summaries_of


@pytest.fixture
def held(store: Path) -> Journal:
    """Return a held journal."""
    return Journal(store, held=True)


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
    (journal,) = list_journals(store)
    assert journal.process == held.process_id
    assert b'"later"' in journal.path.read_bytes()
    assert held.path == journal.path
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
