"""What is signed, and what breaks a signature."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from treadle.model import Chunk, Function, RecordedCall
from treadle.signing import key_path, load_key, verify_end, verify_start


@treadle.trace(kind="tool")
def add(left: int, right: Any = 2) -> Any:
    """Add."""
    return left + right


@treadle.trace
def letters() -> Any:
    """Stream two letters."""
    yield "a"
    yield "b"


def lines(store: Path) -> list[bytes]:
    """Return the lines of the one journal."""
    (journal,) = recorded.journals(store)
    return journal.read_bytes().splitlines(keepends=True)


def as_call(store: Path) -> RecordedCall:
    """Return the one call as the store's reader would."""
    function: dict[str, Any] = {}
    chunks: list[Chunk] = []
    process: dict[str, Any] = {}
    for line in lines(store):
        record = json.loads(line)
        if record["r"] == "process":
            process = record
        elif record["r"] == "function":
            function = record
        elif record["r"] == "start":
            start, given = record, line[-2 - record["bytes"] : -2]
        elif record["r"] == "chunk":
            chunks += [Chunk(at, json.dumps(value, separators=(",", ":")).encode()) for at, value in record["chunks"]]
        elif record["r"] == "end":
            end, output = record, line[-2 - record["bytes"] : -2]
    return RecordedCall(
        trace_id=start["trace"], span_id=start["span"], parent_span_id=None, process_id=process["process"],
        seq=start["n"], name=start["name"],
        kind=start["kind"], status=end["status"],
        function=Function(function["module"], function["qualname"], None, None, None, "sync"),
        input_tagged=given, output_tagged=output, chunks=tuple(chunks), closed_early=False, ordinal=start["ord"],
        turn=None, started_at_ns=start["t"], ended_at_ns=end["t"], attributes=None, source="live", replayable=True,
        not_replayable_why=None, start_signature=start["sig"], end_signature=end["sig"],
    )  # fmt: skip


def changed(call: RecordedCall, **fields: Any) -> RecordedCall:
    """Return the call with other fields."""
    return dataclasses.replace(call, **fields)


def test_a_signature_holds_and_a_changed_record_does_not(store: Path) -> None:
    """Arguments, answer, status, function and ids are all under the signature."""
    add(1)
    call, key = as_call(store), load_key(create=False)
    assert key is not None
    assert verify_start(key, call)
    assert verify_end(key, call)
    other = Function("os", "system", None, None, None, "sync")
    changes: list[dict[str, Any]] = [
        {"input_tagged": b'{"left":2,"right":2}'}, {"function": other}, {"span_id": "0" * 16}, {"kind": "llm"},
        {"parent_span_id": "0" * 16}, {"ordinal": "7"}, {"process_id": "0" * 16},
    ]  # fmt: skip
    for forged in changes:
        assert not verify_start(key, changed(call, **forged))
    for forged in ({"output_tagged": b"4"}, {"status": "error"}, {"trace_id": "0" * 32}, {"end_signature": None}):
        assert not verify_end(key, changed(call, **forged))
    assert not verify_start(bytes(32), call)


def test_the_chunks_of_a_stream_are_signed_too(store: Path) -> None:
    """A chunk that was changed, left out or moved in time breaks the end's signature."""
    list(letters())
    call, key = as_call(store), load_key(create=False)
    assert key is not None
    assert verify_end(key, call)
    first, second = call.chunks
    forged = Chunk(first.at_ns, b'"x"')
    for chunks in ((first,), (second, first), (forged, second), (Chunk(first.at_ns + 1, first.payload), second), ()):
        assert not verify_end(key, changed(call, chunks=chunks))


def test_the_key_is_the_users_alone(store: Path) -> None:
    """It is made with the first record, outside the store, and nobody else may read it."""
    add(1)
    assert key_path().stat().st_mode & 0o777 == 0o600
    assert not key_path().is_relative_to(store)
    assert recorded.journals(store)[0].stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_can_read_signs_nothing(store: Path) -> None:
    """Records are unsigned then, and the program runs."""
    key_path().parent.mkdir()
    key_path().write_bytes(bytes(32))
    key_path().chmod(0o644)
    assert add(1) == 3
    assert "sig" not in recorded.only(store).start


def test_without_a_home_folder_records_are_unsigned(store: Path, homeless: None) -> None:
    """As under a user that a container made up: there is no place for a key, and the trace is there."""
    assert add(1) == 3
    call = recorded.only(store)
    assert call.output == 3
    assert "sig" not in call.start


def test_a_store_in_a_home_folder_that_there_is_not_is_told_in_one_line(
    homeless: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program runs, and nothing is recorded into a folder that is called `~`."""
    monkeypatch.setenv("TREADLE_STORE", "~/traces")
    assert add(1) == 3
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "the store is to be ~/traces, and there is no such home folder" in told
