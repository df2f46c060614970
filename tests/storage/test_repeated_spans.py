"""Ids that come twice, from foreign traces or copied journals: the first stays as it is, the other is told of."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.indexes import ingest_all, rows
from storage.journals import START_NS, JournalWriter, span_id, trace_id, write_example
from traces.shape import SPREAD
from traces.writing import write_traces
from treadle_storage import once
from treadle_storage.index import Index

SPANS = "select name, status, output from spans order by name"
Between = Callable[[], None]


@pytest.fixture(params=["in one round", "in two rounds", "of two owners"])
def between(request: pytest.FixtureRequest, store: Path) -> Between:
    """Return what happens between the two."""

    def is_indexed() -> None:
        if request.param != "in one round":
            index = Index(store)
            ingest_all(index)
            index.close()

    return is_indexed


def record(writer: JournalWriter, name: str, *, result: int) -> None:
    """Record a stream that always has the same ids."""
    writer.start(span_id(1), name, kind="llm")
    writer.chunks(span_id(1), [name])
    writer.end(span_id(1), result=result)


@pytest.mark.parametrize("process", ["00000000000000aa", "00000000000000dd"], ids=["same process", "another process"])
def test_the_first_of_two_spans_with_one_id_stays(store: Path, between: Between, process: str) -> None:
    """The other's records are refused, each with a reason, its chunks among them."""
    with JournalWriter(store, start_ns=START_NS + 10**9) as writer:
        record(writer, "first", result=1)
    between()
    with JournalWriter(store, process=process) as writer:
        record(writer, "second", result=2)
        writer.start(span_id(2), "third")
        writer.end(span_id(2), result=3)
    index = Index(store)
    ingest_all(index)
    assert rows(index, SPANS) == [("first", "ok", "1"), ("third", "ok", "3")]
    assert rows(index, "select attributes from events") == [('"first"',)]
    assert rows(index, f"select count(*) from rejected where journal = '{writer.path.name}'") == [(3,)]
    assert rows(index, "select count(*) from rejected where why not like '%before%'") == [(0,)]
    index.close()


def test_an_open_span_is_ended_by_its_own_process_alone(store: Path, between: Between) -> None:
    """Another's span with the same id, begun and ended meanwhile, is refused, and so is its end."""
    with JournalWriter(store, start_ns=START_NS + 10**9) as first:
        first.start(span_id(1), "first")
        between()
        with JournalWriter(store, process="00000000000000dd") as second:
            record(second, "second", result=2)
        between()
        first.end(span_id(1), result=1)
        index = Index(store)
        ingest_all(index)
    assert rows(index, SPANS) == [("first", "ok", "1")]
    assert rows(index, "select count(*) from events") == [(0,)]
    assert rows(index, "select count(*) from rejected") == [(3,)]
    index.close()


def test_an_end_that_comes_twice_is_one(store: Path, between: Between) -> None:
    """It makes no second step."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "first")
        writer.end(span_id(1), result=1)
        between()
        writer.end(span_id(1), result=2)
    index = Index(store)
    ingest_all(index)
    assert rows(index, SPANS) == [("first", "ok", "1")]
    assert rows(index, "select count(*) from rejected") == [(1,)]
    index.close()


def test_a_copied_journal_adds_nothing(store: Path, between: Between) -> None:
    """The same records under another file's name, as when a store was put together from two."""
    made = write_traces(store, SPREAD)
    between()
    for path in list((store / "journal").iterdir()):
        shutil.copy(path, path.with_name(f"1{path.name}"))
    index = Index(store)
    ingest_all(index)
    assert rows(index, "select count(*), count(distinct span_id) from spans") == [(made.spans, made.spans)]
    assert rows(index, "select count(*) from events") == [(made.chunks,)]
    index.close()


def test_what_is_known_of_traces_is_bounded(store: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeated span is found also when its trace was met long ago."""
    monkeypatch.setattr(once, "MOST_SPANS", 10)
    for process in ("00000000000000b1", "00000000000000b2"):
        with JournalWriter(store, process=process) as writer:
            for number in range(20):
                write_example(writer, trace=trace_id(number))
        ingest_all(index)
    assert rows(index, "select count(*), count(distinct span_id) from spans") == [(80, 80)]
    assert rows(index, "select count(*) from rejected") == [(160,)]
