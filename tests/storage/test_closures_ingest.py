"""What functions were made over, from the journal into a recording: byte for byte, as it was signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from storage.journals import JournalWriter, span_id, trace_id
from treadle_storage import schema
from treadle_storage.index import Index
from treadle_storage.recordings import RECORDING_QUESTIONS, recording_of

if TYPE_CHECKING:
    from treadle.model import Recording

CELLS = b'{"text": "caf\\u00e9", "cells": [1.0e2, {"$":"tuple","v":[1 ,2]}]}'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the store's directory."""
    return tmp_path / ".treadle"


@pytest.fixture
def index(store: Path) -> Iterator[Index]:
    """Open an index on the store."""
    index = Index(store)
    yield index
    index.close()


def start(writer: JournalWriter, cells: bytes, length: int) -> None:
    """Append a start record of a closure, as a writer with JSON of its own."""
    line = writer.line(
        "start", payload=("in", b'{"n": 1}'), trace=trace_id(1), span=span_id(1), name="inner", kind="chain", ord="0"
    )
    writer.raw(line.replace(b'"bytes":', b'"cells_bytes":%d,"cells":%s,"bytes":' % (length, cells)))


def recording(index: Index) -> Recording:
    """Return the one recording."""
    with index.cursor() as cursor:
        return recording_of(*(index.ask(name, {"trace_id": trace_id(1)}, cursor) for name in RECORDING_QUESTIONS))


@pytest.mark.parametrize("has_ended", [False, True])
def test_the_exact_bytes_are_kept(store: Path, index: Index, has_ended: bool) -> None:
    """However they are spaced and escaped, and whether or not the call has ended."""
    with JournalWriter(store) as writer:
        start(writer, CELLS, len(CELLS))
        index.ingest()
        if has_ended:
            writer.end(span_id(1), result=2)
            index.ingest()
        (call,) = recording(index).calls
    assert (call.cells, call.input_tagged) == (CELLS, b'{"n": 1}')


def test_a_call_without_any_has_none(store: Path, index: Index) -> None:
    """As every call of before."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "answer")
        index.ingest()
        assert [call.cells for call in recording(index).calls] == [None]


@pytest.mark.parametrize("length", [0, 1, len(CELLS) - 1, len(CELLS) + 1, 10_000])
def test_a_record_with_another_length_is_set_aside(store: Path, index: Index, length: int) -> None:
    """Nothing of it is half taken."""
    with JournalWriter(store) as writer:
        start(writer, CELLS, length)
        writer.start(span_id(2), "answer")
        assert index.ingest().rejected == 1
        assert [call.name for call in recording(index).calls] == ["answer"]


def test_sources_say_whether_they_were_redacted(store: Path, index: Index) -> None:
    """In the order in which they were written."""
    with JournalWriter(store) as writer:
        writer.record("source", file="<cell>", number=1, text="x = 1")
        writer.record("source", file="<cell 2>", number=2, text="y = '…'", redacted=True, sig="ab")
        writer.start(span_id(1), "answer")
        index.ingest()
        sources = recording(index).sources
    assert [(source.number, source.redacted, source.signature) for source in sources] == [
        (1, False, None),
        (2, True, "ab"),
    ]
    assert [source.process_id for source in sources] == [writer.process] * 2


def test_a_store_of_the_version_before_goes_on(store: Path) -> None:
    """What it held is there, and what comes has its variables."""
    (store / schema.INGEST_FOLDER).mkdir(parents=True)
    with duckdb.connect(str(store / schema.DATABASE), config={"storage_compatibility_version": "v1.5.0"}) as connection:
        connection.execute("create table meta (key VARCHAR, value VARCHAR)")
        connection.execute("insert into meta values ('schema_version', '3')")
        for migration in schema.MIGRATIONS[:3]:
            for statement in migration:
                connection.execute(statement)
        connection.execute("insert into source_rows by name select 1 as process_id, 'x' as text, '<x>' as file")
    index = Index(store)
    with JournalWriter(store) as writer:
        start(writer, CELLS, len(CELLS))
        index.ingest()
        assert recording(index).calls[0].cells == CELLS
    held: list[Any]
    with index.cursor() as cursor:
        held = cursor.execute("select text, redacted from source_rows").fetchall()
    index.close()
    assert held == [("x", None)]
