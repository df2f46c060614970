"""Bad records in a journal: each costs itself, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage.indexes import rows
from storage.journals import JournalWriter, span_id, trace_id, write_example
from treadle_storage import records
from treadle_storage.assembly import Place
from treadle_storage.index import Index

BAD_LINES = {
    "a flipped byte": b'{"v":1,"r":"end","n":3\xff}\n',
    "invalid UTF-8 in a string": b'{"v":1,"r":"event","n":3,"t":5,"trace":"\xc3\x28"}\n',
    "a lone surrogate": b'{"v":1,"r":"event","n":3,"t":5,"name":"\\ud800","trace":"' + trace_id(1).encode() + b'"}\n',
    "a list": b"[1,2]\n",
    "a number": b"17\n",
    "another version": b'{"v":2,"r":"end","n":3,"t":5}\n',
    "an unknown kind": b'{"v":1,"r":"poem","n":3,"t":5}\n',
    "a trace id that is none": b'{"v":1,"r":"start","n":3,"t":5,"trace":"xyz","span":"00","name":"x"}\n',
    "a name that is a list": b'{"v":1,"r":"start","n":3,"t":5,"trace":"%s","span":"00000000000000ff","name":[]}\n'
    % trace_id(1).encode(),
    "attributes that are text": b'{"v":1,"r":"start","n":3,"t":5,"trace":"%s","span":"00000000000000ff","attrs":"no"}\n'
    % trace_id(1).encode(),
    "a payload of another length": (
        b'{"v":1,"r":"start","n":3,"t":5,"trace":"%s","span":"00000000000000ff","bytes":99,"in":{}}\n'
        % trace_id(1).encode()
    ),
    "a time beyond 64 bits": b'{"v":1,"r":"process","n":3,"t":99999999999999999999999}\n',
    "nul bytes": b"\0\0\0\0\n",
    "a status that is a list": (
        b'{"v":1,"r":"end","n":3,"t":5,"trace":"%s","span":"00000000000000ff","status":["ok"]}\n' % trace_id(1).encode()
    ),
    "attributes nested beyond any limit": (
        b'{"v":1,"r":"start","n":3,"t":5,"trace":"%s","span":"00000000000000ff","name":"x","attrs":{"a":%s%s}}\n'
        % (trace_id(1).encode(), b"[" * 900, b"]" * 900)
    ),
    "chunks under an escaped key": (
        b'{"v":1,"r":"chunk","n":3,"t":5,"trace":"%s","span":"00000000000000ff","\\u0063hunks":[[5,1e2]]}\n'
        % trace_id(1).encode()
    ),
    "chunks under another key as well": (
        b'{"x":{"chunks":[]},"v":1,"r":"chunk","n":3,"t":5,"trace":"%s","span":"00000000000000ff","chunks":[[5,1e2]]}\n'
        % trace_id(1).encode()
    ),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES.keys())
def test_one_bad_record_in_the_middle_costs_exactly_that_record(store: Path, index: Index, bad: bytes) -> None:
    """What cannot be read is set aside with its file and offset, and everything around it is indexed."""
    with JournalWriter(store) as writer:
        writer.start(span_id(50), "before")
        writer.end(span_id(50), result=1)
        offset = writer.raw(bad)
        writer.start(span_id(51), "after")
        writer.end(span_id(51), result=2)
        progress = index.ingest()
    assert (progress.new_spans, progress.rejected) == (2, 1)
    assert rows(index, "select journal, offset_bytes, length_bytes from rejected") == [
        (writer.path.name, offset, len(bad))
    ]
    assert (store / "rejected" / f"{writer.path.name}@{offset}").read_bytes() == bad


def test_a_payload_that_the_codec_cannot_read_is_kept_as_it_stands(store: Path, index: Index) -> None:
    """Tags that make no sense, and nesting beyond any limit, are shown raw."""
    nested = b'{"x":' + b"[" * 900 + b"]" * 900 + b"}"
    odd = b'{"x":{"$":"pydantic","v":{},"extra":5}}'
    with JournalWriter(store) as writer:
        for number, tagged in enumerate((nested, odd)):
            writer.start(span_id(number), "deep", tagged=tagged)
            writer.end(span_id(number), result=number)
        assert (index.ingest().new_spans, index.ingest().rejected) == (2, 0)
    assert rows(index, "select input_tagged from spans order by seq") == [(nested.decode(),), (odd.decode(),)]


@pytest.mark.parametrize("fault", [RecursionError, MemoryError, OverflowError, AssertionError])
def test_whatever_the_codec_raises_costs_the_readable_form_alone(
    store: Path, index: Index, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    """The payload is kept as it stands, with no digest, and what comes after it is indexed."""

    def fail(*_: object, **_options: object) -> bytes:
        raise fault

    monkeypatch.setattr(records, "plain", fail)
    monkeypatch.setattr(records, "digest", fail)
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "odd", tagged=b'{"x":{"$":"tuple","v":[1]}}')
        writer.end(span_id(1), result=1)
        progress = index.ingest()
    assert (progress.new_spans, progress.rejected) == (1, 0)
    assert rows(index, "select input, args_hash from spans") == [('{"x":{"$":"tuple","v":[1]}}', None)]


def test_a_record_that_only_the_database_refuses_is_set_aside_alone(store: Path, index: Index) -> None:
    """A value that passes our reader and not the database's costs its own record, not the batch."""
    with JournalWriter(store) as writer:
        write_example(writer)
        place = Place(writer.path.name, 0, 10)
        index._ingest._assembler._batch.add("functions", {"process_id": 1, "number": 1, "line": 2**40}, place)
        progress = index.ingest()
    assert (progress.new_spans, progress.rejected) == (4, 1)
    assert rows(index, "select journal, offset_bytes from rejected") == [(writer.path.name, 0)]


def test_bytes_that_are_bad_in_a_start_record_do_not_lose_its_end(store: Path, index: Index) -> None:
    """An end whose start was bad is still a step, which says what happened to it."""
    with JournalWriter(store) as writer:
        line = writer.line("start", payload=("in", b"{}"), trace=trace_id(1), span=span_id(1), name="lost")
        writer.raw(line.replace(b'"name"', b'"nam\xff"'))
        writer.end(span_id(1), result="kept")
        index.ingest()
    assert rows(index, "select output, replayable, not_replayable_why from spans") == [
        ('"kept"', False, "its start record could not be read")
    ]


def test_a_torn_last_record_waits_while_the_writer_lives(store: Path, index: Index) -> None:
    """Half a line is not read before its newline; of a dead journal it is set aside."""
    writer = JournalWriter(store)
    line = writer.line("start", payload=("in", b"{}"), trace=trace_id(1), span=span_id(1), name="torn")
    offset = writer.raw(line[:40])
    assert index.ingest().rejected == 0
    writer.raw(line[40:])
    index.ingest()
    assert rows(index, "select name from spans") == [("torn",)]
    offset = writer.raw(line[:40])
    writer.close()
    assert index.ingest().rejected == 1
    assert rows(index, "select offset_bytes from rejected") == [(offset,)]


def test_a_record_after_a_short_write_is_read(store: Path, index: Index) -> None:
    """After a short write the next record begins with a newline: one record is lost."""
    with JournalWriter(store) as writer:
        writer.raw(b'{"v":1,"r":"sta')
        writer.raw(b"\n" + writer.line("start", payload=("in", b"{}"), trace=trace_id(1), span=span_id(1), name="next"))
        assert index.ingest().rejected == 1
    assert rows(index, "select name from spans") == [("next",)]


ODD_NUMBERS: dict[str, dict[str, Any]] = {
    "a first chunk after the end of time": {"gen_ai.response.time_to_first_chunk": 1e300},
    "a first chunk beyond 64 bits": {"gen_ai.response.time_to_first_chunk": 1e20},
    "more from the cache than there was": {
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 100_000,
    },
}


@pytest.mark.parametrize("attributes", ODD_NUMBERS.values(), ids=ODD_NUMBERS.keys())
def test_numbers_that_cannot_be_leave_their_columns_empty(
    store: Path, index: Index, attributes: dict[str, Any]
) -> None:
    """A span whose attributes make no sense is indexed all the same, open and ended."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "odd", kind="llm", attrs=attributes)
        index.ingest()
        assert rows(index, "select status, ttft_ms, cost_usd from spans") == [("running", None, None)]
        writer.end(span_id(1), result=1)
        index.ingest()
        assert rows(index, "select status, ttft_ms, cost_usd from spans") == [("ok", None, None)]
