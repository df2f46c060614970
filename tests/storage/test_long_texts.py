"""Values that the tracer keeps in blobs: found, shown whole, and served by a replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import treadle
import treadle_storage
from owners import end_owner
from storage import indexes
from treadle_storage import ingest, long_texts
from treadle_storage.index import Index
from treadle_storage.recordings import RECORDING_QUESTIONS, recording_of

TEXT = "the shuttle carries the weft through the shed, " * 3_000


@treadle.trace(kind="tool")
def read(path: str, *, times: int = 1) -> dict[str, Any]:
    """Return a document."""
    return {"path": path, "document": TEXT * times, "picture": b"\x00\xff" * 100_000}


def rows(index: Index, query: str) -> list[tuple[Any, ...]]:
    """Run a query on an index that is up to date."""
    indexes.ingest_all(index)
    return indexes.rows(index, query)


def test_a_long_text_is_found_in_the_index(index: Index) -> None:
    """SQL and search see it as if it stood in the journal; the exact bytes name the blob."""
    read("a")
    ((text, picture, tagged),) = rows(
        index, "select output ->> 'document', output ->> 'picture', output_tagged from spans"
    )
    assert text == TEXT
    assert "200,000 bytes" in picture
    assert '"$":"blob"' in tagged
    assert len(tagged) < 1_000


def test_of_an_enormous_text_the_beginning_is_found(index: Index) -> None:
    """And how long it is."""
    read("a", times=20)
    ((text,),) = rows(index, "select output ->> 'document' from spans")
    assert text.startswith(TEXT)
    assert text.endswith(f"… ({len(TEXT) * 20:,} bytes in all)")
    assert len(text) < 2 * long_texts.INDEXED_BYTES


def test_a_blob_that_is_gone_is_told_by_its_length(store: Path, index: Index) -> None:
    """The rest of the value is there."""
    read("a")
    for blob in (store / "blobs").rglob("*"):
        if blob.is_file():
            blob.unlink()
    ((path, text),) = rows(index, "select output ->> 'path', output ->> 'document' from spans")
    assert (path, text) == ("a", f"… ({len(TEXT):,} characters)")


def test_many_long_texts_are_taken_in_several_rounds(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """One round holds only so much in memory, and loses nothing."""
    monkeypatch.setattr(ingest, "BATCH_BYTES", 400_000)
    for number in range(20):
        read(str(number))
    progress = index.ingest()
    assert 0 < progress.new_spans < 20
    assert progress.backlog_bytes > 0
    assert rows(index, "select count(*), min(length(output ->> 'document')) from spans where status = 'ok'") == [
        (20, len(TEXT))
    ]


def test_a_step_is_shown_whole(store: Path) -> None:
    """Whoever looks at one step gets its texts in their places."""
    read("a", times=20)
    try:
        with treadle_storage.open(store) as opened:
            (trace,) = opened.traces()
            step = opened.step(trace.trace_id, opened.tree(trace.trace_id).hex_id(0))
    finally:
        end_owner(store)
    assert step.output_tagged is not None
    assert json.loads(step.output_tagged)["document"] == TEXT * 20


def test_a_payload_nested_too_deeply_is_shown_as_it_stands(store: Path) -> None:
    """Its texts stay named, whoever looks."""
    blob = b'{"$":"blob","of":"str","v":"%b","size":3}' % (b"a" * 64)
    for depth in (450, 200):
        tagged = b'{"$":"tuple","v":[' * depth + blob + b"]}" * depth
        assert long_texts.with_long_texts(tagged, store) == tagged


def test_a_recording_keeps_the_bytes_that_were_signed(store: Path, index: Index) -> None:
    """A replay checks the signature over what stands in the journal, and reads the blob by its digest."""
    read("a")
    rows(index, "select 1")
    with index.cursor() as cursor:
        trace = cursor.execute("select trace_id from traces").fetchall()[0][0]
        parts = [index.ask(question, {"trace_id": trace}, cursor) for question in RECORDING_QUESTIONS]
    (call,) = recording_of(*parts).calls
    assert call.output_tagged is not None
    assert b'"$":"blob"' in call.output_tagged
