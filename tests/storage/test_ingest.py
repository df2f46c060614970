"""From the journals into the index: nothing lost, nothing doubled, nothing shown that is not so."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import orjson
import pytest

from storage.indexes import ingest_all, rows
from storage.journals import START_NS, JournalWriter, span_id, trace_id, write_example, write_long_trace
from treadle.signing import digest_chunks
from treadle_storage.index import Index
from treadle_storage.recordings import RECORDING_QUESTIONS, recording_of


def test_a_finished_chain_is_there_after_one_call(store: Path, index: Index) -> None:
    """Start and end of a span that come together make one finished row and never an open one."""
    with JournalWriter(store) as writer:
        write_example(writer)
        assert index.ingest().new_spans == 4
        assert rows(index, "select count(*) from open_spans") == [(0,)]
        assert rows(index, "select name, status from spans order by started_at") == [
            ("answer", "ok"), ("retrieve", "ok"), ("chat gpt-4o", "ok"), ("parse", "error")]  # fmt: skip


def test_nothing_new_changes_nothing(store: Path, index: Index) -> None:
    """A second call without news commits nothing, and the version stays."""
    with JournalWriter(store) as writer:
        write_example(writer)
        index.ingest()
        version = index.version
        assert not index.ingest().changed
        assert index.version == version
        assert rows(index, "select count(*) from spans") == [(4,)]


def test_a_running_span_is_shown_and_then_finished(store: Path, index: Index) -> None:
    """A start alone is a running span; its end makes it a finished one, with the attributes of both."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "slow", arguments={"x": 1}, attrs={"session.id": "s"})
        index.ingest()
        assert rows(index, "select name, status, input, duration_ms from spans") == [
            ("slow", "running", '{"x":1}', None)
        ]
        writer.end(span_id(1), result=2, attrs={"gen_ai.usage.output_tokens": 7})
        assert index.ingest().new_spans == 1
        assert rows(index, "select status, input, output, session_id, output_tokens from spans") == [
            ("ok", '{"x":1}', "2", "s", 7)
        ]
        assert rows(index, "select count(*) from open_spans") == [(0,)]


def test_an_open_span_outlives_the_owner(store: Path) -> None:
    """A span that was open when the owner went away is finished by the next one, with its first chunk's time."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "stream", kind="llm", arguments={"prompt": "hi"})
        writer.chunks(span_id(1), ["a", "b"])
        first = Index(store)
        first.ingest()
        first.close()
        writer.end(span_id(1), result="ab")
        second = Index(store)
        assert second.ingest().new_spans == 1
        assert rows(second, "select status, output, ttft_ms from spans") == [("ok", '"ab"', 0.0)]
        second.close()


def test_a_killed_program_leaves_interrupted_spans(store: Path, index: Index) -> None:
    """When the journal's lock is free its open spans are interrupted, with their inputs and chunks."""
    writer = JournalWriter(store)
    write_example(writer)
    writer.start(span_id(9), "chat", kind="llm", arguments={"prompt": "hi"}, trace=trace_id(2))
    writer.chunks(span_id(9), ["Once", " upon"], trace=trace_id(2))
    index.ingest()
    assert rows(index, "select status from spans where name = 'chat'") == [("running",)]
    writer.close()
    assert index.ingest().new_spans == 1
    assert rows(index, "select status, input, output from spans where name = 'chat'") == [
        ("interrupted", '{"prompt":"hi"}', None)
    ]
    assert rows(index, 'select attributes from events order by "at"') == [('"Once"',), ('" upon"',)]
    assert not index.ingest().changed


def test_a_journal_that_is_being_born_is_left_alone(store: Path, index: Index) -> None:
    """A name that ends in .tmp is not read, and gets no verdict of death."""
    writer = JournalWriter(store)
    writer.start(span_id(1), "newborn")
    newborn = writer.path.rename(writer.path.with_name(writer.path.name + ".tmp"))
    assert not index.ingest().changed
    newborn.rename(writer.path)
    index.ingest()
    assert rows(index, "select status from spans") == [("running",)]
    writer.close()


def test_a_batch_cut_anywhere_gives_the_same_rows(store: Path, tmp_path: Path) -> None:
    """However the journal grows between calls, and with a new owner for each, the rows are the same."""
    with JournalWriter(store) as writer:
        write_example(writer)
    whole = writer.path.read_bytes()
    expected = None
    for step in (len(whole), 700, 131):
        other = tmp_path / f"cut-{step}"
        (other / "journal").mkdir(parents=True)
        for start in range(0, len(whole), step):
            index = Index(other)
            with (other / "journal" / writer.path.name).open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.write(whole[start : start + step])
                file.flush()
                index.ingest()
            found = rows(index, "select * exclude (attributes), attributes::json from spans order by seq")
            index.close()
        expected = expected or found
        assert found == expected


def test_a_failed_commit_is_done_again(store: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails loses nothing: the next call reads the same records again."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "early")
        index.ingest()
        writer.end(span_id(1), result=1)
        write_example(writer, trace=trace_id(3))
        loader = index._ingest._loader
        with monkeypatch.context() as patched:

            def fail(*_: object) -> None:
                raise OSError("disk full")

            patched.setattr(loader, "_save_offsets", fail)
            with pytest.raises(OSError, match="disk full"):
                index.ingest()
        assert rows(index, "select status from spans") == [("running",)]
        assert index.ingest().new_spans == 5
        assert rows(index, "select count(*), count(distinct span_id) from spans") == [(5, 5)]


def test_the_newest_journal_is_indexed_first(store: Path) -> None:
    """Of a backlog the newest program comes first, a bounded piece a call, and the rest is told."""
    write_long_trace(store, steps=3000, trace=trace_id(1), process="00000000000000b1", payload_bytes=1500)
    write_long_trace(store, steps=10, trace=trace_id(2), process="00000000000000b2", start_ns=START_NS + 10**12)
    index = Index(store)
    progress = index.ingest()
    assert 0 < progress.new_spans < 3010
    assert progress.backlog_bytes > 0
    assert rows(index, f"select count(*) from spans where trace_id = '{trace_id(2)}'") == [(10,)]
    ingest_all(index)
    assert rows(index, "select count(*), count(distinct span_id) from spans") == [(3010, 3010)]
    index.close()


def test_exact_bytes_of_payloads_and_chunks_are_kept(store: Path, index: Index) -> None:
    """What was signed comes back byte for byte, also where a writer's JSON is spaced or escaped in another way."""
    arguments = '{"text": "caf\\u00e9 \\n", "n": 1.0e2, "secret": {"$":"secret","v":"sk-…"}}'.encode()
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "call", kind="llm", tagged=arguments)
        line = writer.line("chunk", trace=trace_id(1), span=span_id(1), chunks=[])
        writer.raw(line.replace(b"[]", b'[[17, {"a": "\\u00e9" }],[18,1.50], [19 , "x,]"]]'))
        writer.end(span_id(1), tagged=b'{"$":"tuple","v":[1 ,2]}')
        index.ingest()
        with index.cursor() as cursor:
            answers = [index.ask(name, {"trace_id": trace_id(1)}, cursor) for name in RECORDING_QUESTIONS]
    call = recording_of(*answers).calls[0]
    assert call.input_tagged == arguments
    assert call.output_tagged == b'{"$":"tuple","v":[1 ,2]}'
    assert [(chunk.at_ns, chunk.payload) for chunk in call.chunks] == [
        (17, b'{"a": "\\u00e9" }'), (18, b"1.50"), (19, b'"x,]"')]  # fmt: skip
    assert digest_chunks(call.chunks)
    assert rows(index, "select output from spans") == [("[1,2]",)]


def test_peoples_records_are_scores_marks_and_links(store: Path, index: Index) -> None:
    """What a person said goes in from a journal of its own, which is no program that ran."""
    with JournalWriter(store) as writer:
        write_example(writer)
    with JournalWriter(store, prefix="people-", process="00000000000000cc", start_ns=START_NS + 10**9) as people:
        people.record("score", trace=trace_id(1), name="correct", value=False, source="human", author="ada")
        people.record("score", trace=trace_id(1), span=span_id(1), name="helpful", value=0.5, label="meh")
        people.record("mark", id="m1", mark="breakpoint", value={"condition": "kind = 'llm'"})
        people.record("mark", id="m2", mark="watch", value={"expression": "model"})
        people.record("mark", id="m2", mark="watch", deleted=True)
        people.record("link", trace=trace_id(1), rel="replay_of", to_trace=trace_id(8))
    index.ingest()
    assert rows(index, "select name, value, label, author from scores order by name") == [
        ("correct", 0.0, None, "ada"), ("helpful", 0.5, "meh", None)]  # fmt: skip
    assert rows(index, "select failed, status, replay_of from traces") == [(True, "ok", trace_id(8))]
    assert rows(index, "select count(*) from processes") == [(1,)]
    with index.cursor() as cursor:
        marks = index.ask("marks", {}, cursor)
    assert [(row[0], row[1], orjson.loads(row[3])) for row in marks.rows()] == [
        ("m1", "breakpoint", {"condition": "kind = 'llm'"})
    ]


def test_a_rotated_journal_knows_the_functions_of_its_first_segment(store: Path, index: Index) -> None:
    """Segments of one process are read in their order, and only the last one's death interrupts."""
    writer = JournalWriter(store)
    writer.function(1, "answer")
    writer.start(span_id(1), "answer", f=1)
    second = JournalWriter(store, start_ns=writer.now_ns)
    second.path.unlink()
    shutil.copy(writer.path, segment := writer.path.with_name(writer.path.name.replace(".0.", ".1.")))
    segment.write_bytes(
        writer.line(
            "start", payload=("in", b"{}"), trace=trace_id(1), span=span_id(2), parent=span_id(1), name="inner", f=1
        )
    )
    with segment.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        writer.close()
        index.ingest()
        assert rows(index, "select name, code_function, status from spans order by started_at") == [
            ("answer", "app:answer", "running"), ("inner", "app:answer", "running")]  # fmt: skip
    index.ingest()
    assert rows(index, "select distinct status from spans") == [("interrupted",)]
    second.close()
