"""Source that was kept with a trace, in the index; and stores of the version that kept none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage.indexes import ask
from storage.journals import JournalWriter, span_id, trace_id, write_example
from treadle.functions import code_hash
from treadle.model import RecordedSource
from treadle_storage import schema
from treadle_storage.index import Index
from treadle_storage.recordings import RECORDING_QUESTIONS, recording_of
from treadle_storage.steps import source_of
from treadle_storage.summaries import summaries_of

CELL = "/tmp/ipykernel_1/77.py"


def source_at(index: Index, number: int) -> RecordedSource | None:
    """Return the source of a step of the trace."""
    return source_of(ask(index, "source", trace_id=trace_id(1), span_id=span_id(number)))


def call(writer: JournalWriter, number: int, function: int | None) -> None:
    """Write one call."""
    writer.start(span_id(number), "step", **({} if function is None else {"f": function}))
    writer.end(span_id(number))


def describe(writer: JournalWriter, number: int) -> None:
    """Write a function of the cell."""
    writer.record("function", f=number, module="__main__", qualname="step", file=CELL, line=1, flavour="sync")


def test_a_step_has_the_source_that_stood_there_when_it_began(store: Path, index: Index) -> None:
    """Of its file and its process, the newest before it; running or ended; none where none was kept."""
    with JournalWriter(store, process="00000000000000bb", start_ns=5) as other:
        other.record("source", file=CELL, number=1, text="another program's")
    with JournalWriter(store) as writer:
        writer.record("source", file="/tmp/ipykernel_1/1.py", number=1, text="import treadle")
        writer.record("source", file=CELL, number=2, text="first")
        describe(writer, 0)
        call(writer, 1, 0)
        writer.record("source", file=CELL, number=4, text="second")
        call(writer, 2, 0)
        writer.function(1, "other")
        call(writer, 3, 1)
        call(writer, 4, None)
        writer.start(span_id(5), "open", f=0)
        index.ingest()
        assert source_at(index, 1) == RecordedSource(CELL, 2, "first")
        assert source_at(index, 2) == source_at(index, 5) == RecordedSource(CELL, 4, "second")
        assert source_at(index, 3) is source_at(index, 4) is None


def test_a_function_has_the_text_that_it_was_made_of(store: Path, index: Index) -> None:
    """Its code tells, where another text has taken the name since; what fits none says so."""
    first, second = "def step():\n    return 1\n", "x = 0\ndef step():\n    return 1\n"
    names: dict[str, Any] = {}
    exec(compile(first, CELL, "exec"), names)
    with JournalWriter(store) as writer:
        for text in (first, second, "this is (no Python", "\0"):
            writer.record("source", file=CELL, text=text)
        for number, digest in enumerate((code_hash(names["step"].__code__), "of other code")):
            writer.record("function", f=number, module="m", qualname="C.step", file=CELL, line=1, hash=digest)
            call(writer, number, number)
    index.ingest()
    assert source_at(index, 0) == RecordedSource(CELL, None, first)
    assert source_at(index, 1) == RecordedSource(CELL, None, "\0", is_certain=False)


def test_a_source_that_the_next_segment_repeats_is_there_once(store: Path) -> None:
    """Also where several stood under one name, and where the index was closed between two segments."""
    with JournalWriter(store) as writer:
        times = {"first": 5, "second": 6, "first again": 7}
        for texts in (["first", "second", "first again"], ["first", "second"], ["first again"]):
            for text in texts:
                writer.record("source", at_ns=times[text], file=CELL, number=2, text=text)
            index = Index(store)
            index.ingest()
            with index.cursor() as cursor:
                assert cursor.execute("select text from sources").fetchall() == [(text,) for text in times]
            index.close()


def test_anyone_can_ask_for_sources_in_sql(store: Path, index: Index) -> None:
    """The view has process, file, number and text."""
    with JournalWriter(store) as writer:
        writer.record("source", file="<made>", text="x = 1")
    index.ingest()
    with index.cursor() as cursor:
        found = cursor.execute("from sources").fetchall()
        assert [column[0] for column in cursor.description] == ["process_id", "file", "number", "text"]
    assert found == [("00000000000000aa", "<made>", None, "x = 1")]


@pytest.mark.parametrize(
    "fields", [{"file": CELL}, {"text": "x", "number": 1}, {"file": CELL, "text": "x", "number": "two"}]
)
def test_a_source_of_the_wrong_shape_is_set_aside(store: Path, index: Index, fields: dict[str, Any]) -> None:
    """It spoils nothing else."""
    with JournalWriter(store) as writer:
        writer.record("source", **fields)
        call(writer, 1, None)
    progress = index.ingest()
    assert (progress.rejected, progress.new_spans) == (1, 1)


def test_the_recording_says_which_notebook_it_is_of(store: Path, index: Index) -> None:
    """A replay checks the signature over it."""
    with JournalWriter(store) as writer:
        opening = writer.path.read_bytes()
        writer.path.write_bytes(opening.replace(b'{"file":"/home/me/app/app.py"}', b'{"notebook":"chains.ipynb"}'))
        call(writer, 1, None)
    index.ingest()
    answers = [ask(index, question, trace_id=trace_id(1)) for question in RECORDING_QUESTIONS]
    process = recording_of(*answers).process
    assert (process.main_notebook, process.main_file, process.main_module) == ("chains.ipynb", None, None)


def test_a_store_of_the_first_version_is_brought_up_to_date(store: Path) -> None:
    """What stands in it stays, and what its journals gain from then on has sources."""
    (store / schema.INGEST_FOLDER).mkdir(parents=True)
    with duckdb.connect(str(store / schema.DATABASE), config={"storage_compatibility_version": "v1.5.0"}) as old:
        old.execute("create table meta (key VARCHAR, value VARCHAR)")
        old.execute("insert into meta values ('schema_version', '1')")
        for statement in schema.MIGRATIONS[0]:
            old.execute(statement)
        old.execute("insert into process_rows (process_id, pid, main_file) values (1, 2, 'app.py')")
        old.execute(f"insert into roots values ('{trace_id(9)}', 3, 4, false)")
        old.execute(
            "insert into finished (trace_id, span_id, process_id, name, kind, status, started_ns, source) "
            f"values ('{trace_id(9)}', 3, 1, 'old', 'chain', 'ok', 4, 'live')"
        )
    with JournalWriter(store) as writer:
        write_example(writer)
        writer.record("source", file=CELL, number=1, text="kept")
    index = Index(store)
    index.ingest()
    assert [row.name for row in summaries_of(ask(index, "traces"))] == ["answer", "old"]
    with index.cursor() as cursor:
        assert cursor.execute("select text from sources").fetchall() == [("kept",)]
        main = cursor.execute("select main_file, main_notebook from process_rows where pid = 2").fetchall()
        version = cursor.execute("select value from meta where key = 'schema_version'").fetchone()
    assert (main, version) == ([("app.py", None)], (str(schema.VERSION),))
    index.close()
