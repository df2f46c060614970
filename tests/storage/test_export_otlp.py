"""Traces out of a store as OTLP, and in again: the same, without secrets."""

import gzip
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

import treadle_storage
from owners import end_owner
from storage.journals import JournalWriter, span_id, trace_id, write_example
from storage.otlp_made import imported, lines_file, made_span, message
from treadle.blobs import Blobs
from treadle_storage.formats.choosing import choose
from treadle_storage.formats.cleaning import Cleaning
from treadle_storage.formats.otlp_export import new_file, write_otlp
from treadle_storage.store import Store

COMPARED = {
    "spans": "trace_id, span_id",
    "messages": "trace_id, span_id, direction, position",
    "events": 'trace_id, span_id, "at", name, attributes::varchar',
    "traces": "trace_id",
}
SECRET = "sk-proj-" + "abcdefghij1234567890" * 2
KEY = f'api_key = "{SECRET}"'


def exported(store: Store, path: Path, *, protobuf: bool = False, **chosen: Any) -> int:
    """Write an OTLP file; return how many secrets were masked."""
    cleaning = Cleaning(store.path)
    with new_file(path) as file:
        write_otlp(store, choose(store, **chosen), cleaning, file, protobuf=protobuf, on_progress=lambda _: None)
    return cleaning.secrets


def write_odd_steps(store: Path) -> None:
    """Record what OTLP has no place for: streams, tags, blobs, closed and interrupted calls, ones that never ended."""
    trace = trace_id(2)
    blob = Blobs(store).keep(b"raw" * 30_000)
    text = Blobs(store).keep(b"long " * 20_000)
    with JournalWriter(store, process="00000000000000bb") as writer:
        writer.function(3, "talk", flavour="agen")
        attrs = {
            "gen_ai.request.model": "gpt-4o",
            "input.value": "its own",
            "k": [1, 2.5, None, {"a": "b"}],
        }
        writer.start(
            span_id(20), "talk", trace=trace, kind="llm", f=3, task="task-1", attrs=attrs,
            arguments={"messages": [{"role": "user", "content": "hé \U0001f600 </script>"}]},
        )  # fmt: skip
        writer.chunks(span_id(20), ["a", {"$": "tuple", "v": [1]}, {"x": 1}], trace=trace)
        writer.record("event", trace=trace, span=span_id(20), name="log", attrs={"body": "x", "n": 3})
        writer.end(
            span_id(20), trace=trace, status="interrupted", closed=True, turn=4, chunks_digest="d" * 32,
            tagged=b'{"$":"stream","v":["a"]}', attrs={"treadle.submissions_done": [[0, 1]]},
        )  # fmt: skip
        data = {"$": "bytes", "v": {"$": "blob", "v": blob, "of": "bytes", "size": 90_000}}
        long = {"$": "blob", "v": text, "of": "str", "size": 100_000}
        tagged = orjson.dumps({"data": data, "text": long, "when": {"$": "date", "v": "2026-01-31"}})
        writer.start(span_id(21), "read", trace=trace, parent=span_id(20), kind="tool", tagged=tagged, why="no way")
        writer.end(span_id(21), trace=trace, status="error", tagged=b"null")
        served = {"source": "served", "served_from": span_id(9), "ord": "2.0"}
        writer.start(span_id(22), "look_up", trace=trace, parent=span_id(20), kind="tool", **served)
        writer.end(span_id(22), trace=trace, result={"a": [1.0, None]})
        writer.start(span_id(23), "never ends", trace=trace, parent=span_id(20), kind="span")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.pb"])
def test_a_trace_comes_back_as_it_was(opened: Store, tmp_path: Path, name: str) -> None:
    """Every column of spans, messages, events and traces is the same after an export and an import."""
    with JournalWriter(opened.path) as writer:
        write_example(writer)
    write_odd_steps(opened.path)
    foreign = made_span(
        50, trace=trace_id(3), kind=3, attributes={"openinference.span.kind": "LLM", "input.value": "hello"}
    )
    imported(opened, lines_file(tmp_path / "foreign.jsonl", message(foreign)))
    path = tmp_path / name
    assert exported(opened, path, protobuf=".pb" in name) == 0
    with treadle_storage.open(tmp_path / "other", create=True) as other:
        done = imported(other, path)
        assert (done.spans, done.skipped.lines(), done.mended.lines()) == (9, [], [])
        for view, order in COMPARED.items():
            query = f"select * from {view} order by {order}"
            before, after = opened.sql(query), other.sql(query)
            pairs = zip(before, after, strict=True)
            differences = [
                (view, column, was, now)
                for row, other_row in pairs
                for column, was, now in zip(before.columns, row, other_row, strict=True)
                if was != now
            ]
            assert differences == []
    end_owner(tmp_path / "other")


def test_other_tools_find_the_current_names(opened: Store, tmp_path: Path) -> None:
    """A model call has its operation, model, tokens and messages under the names of the GenAI conventions."""
    with JournalWriter(opened.path) as writer:
        write_example(writer)
    exported(opened, tmp_path / "a.jsonl")
    (held,) = json.loads((tmp_path / "a.jsonl").read_text())["resourceSpans"]
    spans = {span["name"]: span for span in held["scopeSpans"][0]["spans"]}
    told = {each["key"]: each["value"] for each in spans["chat gpt-4o"]["attributes"]}
    assert told["gen_ai.operation.name"] == {"stringValue": "chat"}
    assert told["gen_ai.usage.input_tokens"] == {"intValue": "1000"}
    assert [each["role"] for each in json.loads(told["gen_ai.input.messages"]["stringValue"])] == ["system", "user"]
    assert told["openinference.span.kind"] == {"stringValue": "LLM"}
    assert spans["chat gpt-4o"]["kind"] == 3
    assert spans["parse"]["status"] == {"code": 2, "message": "no JSON"}
    assert [event["name"] for event in spans["parse"]["events"]] == ["exception"]
    assert {each["key"] for each in held["resource"]["attributes"]} >= {"service.name", "process.pid", "host.name"}


def test_secrets_are_masked_on_the_way_out(opened: Store, tmp_path: Path) -> None:
    """What was recorded before anyone knew that it is a secret is in no file, and is counted."""
    with JournalWriter(opened.path) as writer:
        writer.start(span_id(1), "call", kind="llm", arguments={"messages": [{"role": "user", "content": KEY}]})
        writer.chunks(span_id(1), [KEY])
        writer.record("event", trace=trace_id(1), span=span_id(1), name="log", attrs={"body": {"deep": [KEY]}})
        error = {"type": "ValueError", "message": KEY, "frames": [{"file": "a.py", "line": 1, "locals": {"x": KEY}}]}
        writer.end(span_id(1), status="error", error=error, attrs={"told": KEY, "authorization": SECRET})
    count = exported(opened, tmp_path / "a.jsonl.gz")
    text = gzip.decompress((tmp_path / "a.jsonl.gz").read_bytes()).decode()
    assert SECRET not in text
    assert "abcdefghij1234567890" not in text
    assert count >= 7


def test_long_traces_are_written_in_messages_that_can_be_read(
    opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace longer than a group comes whole, each step once, in messages of some hundred."""
    monkeypatch.setattr("treadle_storage.formats.recorded_spans.GROUP_SPANS", 7)
    monkeypatch.setattr("treadle_storage.formats.otlp_writing.MESSAGE_SPANS", 3)
    spans = [made_span(number, parent=0 if number else None) for number in range(35)]
    imported(opened, lines_file(tmp_path / "a.jsonl", message(*spans)))
    exported(opened, tmp_path / "b.jsonl", trace_id=trace_id(1))
    held = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    sizes = [len(each["resourceSpans"][0]["scopeSpans"][0]["spans"]) for each in held]
    assert (sum(sizes), max(sizes)) == (35, 3)


def break_off(path: Path) -> None:
    """Write half of a file."""
    with new_file(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path: Path) -> None:
    """A file has its name once it is whole."""
    with pytest.raises(KeyboardInterrupt):
        break_off(tmp_path / "a.jsonl")
    assert list(tmp_path.glob("*a.jsonl*")) == []
