"""Journals of damaged, mutated and random records: what is whole is indexed as it is, all else is counted and kept.

TREADLE_FUZZ_EXAMPLES=100000 makes it a long run by hand.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.indexes import ingest_all, rows
from traces.shape import SPREAD, Shape
from traces.writing import write_traces
from treadle_storage.index import Index

EXAMPLES = int(os.environ.get("TREADLE_FUZZ_EXAMPLES", "30"))
SHAPE = Shape(traces=1, steps=8, text_bytes=40, error_share=0.3, score_share=1, chunks=3)
ODD_VALUES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
    | st.sampled_from([[], {}, [[]], "\0", "\ud800", "0" * 16, "f" * 32, 2**63, -1, 1e308, "a" * 9_999, {"$": "blob"}])
)  # fmt: skip
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Index]]:
    """Return a store with an index that takes one odd journal after the other."""
    store = tmp_path_factory.mktemp("fuzzed")
    (store / "journal").mkdir()
    index = Index(store)
    yield store, index
    index.close()


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> list[list[bytes]]:
    """Return the lines of some good journals."""
    store = tmp_path_factory.mktemp("seeds")
    for seed in range(4):
        write_traces(store, replace(SHAPE, start_ns=SHAPE.start_ns + seed), seed=seed)
    write_traces(store, replace(SPREAD, traces=1, steps=9, text_bytes=40, start_ns=SHAPE.start_ns + 99), seed=99)
    return [path.read_bytes().splitlines(keepends=True) for path in sorted((store / "journal").iterdir())]


def _mutated(data: st.DataObject, line: bytes) -> bytes:
    """Return a line that was damaged, or whose JSON says something else."""
    how = data.draw(st.sampled_from(["flip", "cut", "insert", "value", "key", "junk"]))
    if how == "junk":
        return data.draw(st.binary(max_size=60)) + b"\n"
    if how in ("value", "key"):
        body: dict[Any, Any] = orjson.loads(line)
        key = data.draw(st.sampled_from([*body, "attrs", "error", "chunks", "bytes", "f", "parent", "cells"]))
        value = data.draw(ODD_VALUES)
        if how == "key" and isinstance(body.get(key), dict):
            body[key] = {**body[key], data.draw(st.text(max_size=5)): value}
        else:
            body[key] = value
        return _written(body)
    at = data.draw(st.integers(0, len(line) - 2))
    if how == "cut":
        return line[:at] + b"\n"
    if how == "insert":
        return line[:at] + data.draw(st.binary(min_size=1, max_size=8)) + line[at:]
    return line[:at] + bytes([line[at] ^ data.draw(st.integers(1, 255))]) + line[at + 1 :]


def _written(body: dict[Any, Any]) -> bytes:
    """Write JSON as another writer might: numbers of any size, lone surrogates, the payload where it stood."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


@given(data=st.data())
@settings(
    max_examples=EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
def test_damaged_records_cost_themselves_alone(
    shared: tuple[Path, Index], seeded: list[list[bytes]], data: st.DataObject
) -> None:
    """Spans whose records are whole are there as they were written, and each line that is no record has its reason."""
    store, index = shared
    number = next(_numbers)
    lines = [_relabelled(line, number) for line in data.draw(st.sampled_from(seeded))]
    touched = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=1, max_size=6, unique=True))
    written = list(lines)
    for at in touched:
        written[at] = _mutated(data, lines[at])
    if data.draw(st.booleans()):
        written.append(data.draw(st.binary(max_size=40)).replace(b"\n", b""))
    name = f"{1_800_000_000_000_000_000 + number}-1-{number:016x}.0.ndjson"
    (store / "journal" / name).write_bytes(b"".join(written))
    ingest_all(index)
    _check_whole_spans(index, [line for at, line in enumerate(lines) if at not in touched])
    _check_rejected(store, index, name, b"".join(written))
    assert rows(index, "select count(*) - count(distinct (trace_id, span_id)) from spans") == [(0,)]
    assert rows(index, "select count(*) from open_spans") == [(0,)]


def _relabelled(line: bytes, number: int) -> bytes:
    """Return the line as of a trace of its own: all are in one index."""
    body = orjson.loads(line)
    trace = body.get("trace")
    return line if trace is None else line.replace(trace.encode(), b"%032x" % (number << 64 | int(trace[:8], 16)))


def _check_whole_spans(index: Index, whole: list[bytes]) -> None:
    bodies = [(line, orjson.loads(line)) for line in whole]
    starts = {body["span"]: (line, body) for line, body in bodies if body["r"] == "start"}
    for line, end in bodies:
        if end["r"] == "end" and end["span"] in starts:
            first, start = starts[end["span"]]
            assert rows(
                index,
                "select name, kind, status, input_tagged, output_tagged from spans "
                f"where trace_id = '{end['trace']}' and span_id = '{end['span']}'",
            ) == [(start["name"], start["kind"], end["status"], _payload(first, start), _payload(line, end))]


def _payload(line: bytes, body: dict[str, Any]) -> str:
    return line[-2 - body["bytes"] : -2].decode()


def _check_rejected(store: Path, index: Index, name: str, written: bytes) -> None:
    found = rows(index, f"select offset_bytes, length_bytes, why from rejected where journal = '{name}'")
    places = {offset: (length, why) for offset, length, why in found}
    assert len(places) == len(found), "a line was counted twice"
    assert all(why for _, _, why in found)
    offset = 0
    for line in written.split(b"\n"):
        if line and not _is_json(line):
            assert offset in places, (line, "is no JSON, and nobody says so")
            assert (store / "rejected" / f"{name}@{offset}").read_bytes() == line + b"\n"
        offset += len(line) + 1


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
