"""The traces that are made for tests and benchmarks: the tracer's own records, and the index holds all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import openai
import pytest

import treadle
from asked import QUESTION
from recorded import records
from servers import ModelServer
from storage.indexes import ask, ingest_all, rows
from traces.shape import DEEP, LARGE, SPREAD, WIDE, Shape
from traces.writing import Made, write_traces
from treadle.signing import load_key, verify_end, verify_process, verify_start
from treadle_storage.index import Index
from treadle_storage.recordings import RECORDING_QUESTIONS, recording_of
from treadle_storage.tree import tree_of

SHAPES = {
    "conversations": Shape(traces=40, is_killed=True),
    "wide": WIDE,
    "deep": DEEP,
    "large": replace(LARGE, large_bytes=400_000),
    "several processes": replace(SPREAD, is_killed=True),
    "segments": Shape(traces=60, segment_bytes=200_000),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_the_index_holds_what_was_written(store: Path, index: Index, shape: Shape) -> None:
    """Every step, error, chunk, token and score, once; what never ended is interrupted; no record is refused."""
    made = write_traces(store, shape)
    assert ingest_all(index) == made.spans == shape.span_count
    assert rows(index, _COUNTS) == [
        (made.spans, made.spans, made.interrupted, made.errors, made.model_calls, made.input_tokens, made.output_tokens)
    ]
    assert rows(index, "select count(*) from events") == [(made.chunks,)]
    assert rows(index, "select count(*) from scores") == [(made.scores,)]
    assert rows(index, "select count(*) from rejected") == [(0,)]
    assert rows(index, "select count(distinct process_id) from spans") == [(shape.processes,)]
    assert made.interrupted == 0 or shape.is_killed
    found = [trace for (trace,) in rows(index, "select trace_id from traces order by started_at")]
    assert found == made.trace_ids


_COUNTS = """
select count(*), count(distinct span_id), count(*) filter (where status = 'interrupted'),
  count(*) filter (where status = 'error'), count(*) filter (where kind = 'llm'), sum(input_tokens)::bigint,
  sum(output_tokens)::bigint
from spans
"""


@pytest.mark.parametrize(("shape", "depth", "widest"), [(DEEP, 60, 4), (WIDE, 2, 1000)], ids=["deep", "wide"])
def test_they_are_as_deep_and_as_wide_as_asked(
    store: Path, index: Index, shape: Shape, depth: int, widest: int
) -> None:
    """The root's level is the first."""
    (trace,) = write_traces(store, shape).trace_ids
    ingest_all(index)
    tree = tree_of(ask(index, "tree", trace_id=trace))
    assert int(tree.depth.max()) + 1 == depth
    parents = tree.parent.tolist()
    assert max(parents.count(parent) for parent in set(parents)) <= widest
    assert widest < 1000 or parents.count(0) == widest


def test_they_are_signed_as_the_tracer_signs(store: Path, index: Index) -> None:
    """Start, end with its chunks, and process: a replay trusts them as its user's own."""
    (trace,) = write_traces(store, Shape(traces=1, stream_share=1)).trace_ids
    ingest_all(index)
    with index.cursor() as cursor:
        recording = recording_of(*(index.ask(name, {"trace_id": trace}, cursor) for name in RECORDING_QUESTIONS))
    key = load_key(create=False)
    assert key is not None
    assert recording.process is not None
    assert verify_process(key, recording.process)
    assert any(call.chunks for call in recording.calls)
    assert all(verify_start(key, call) and verify_end(key, call) for call in recording.calls)


@treadle.trace(kind="tool")
def lookup_order(order: int) -> int:
    """Fail for odd orders."""
    if order % 2:
        raise LookupError(f"order {order} is not known")
    return order


@treadle.trace(kind="llm")
def ask_claude(model: str) -> Iterator[str]:
    """Stream an answer."""
    yield from (model, "said")


@treadle.trace
def answer(client: openai.OpenAI) -> None:
    """Make a call of each sort."""
    for is_streamed in (False, True):
        said = client.chat.completions.create(model="m", messages=QUESTION, stream=is_streamed)
        list(said)
    for order in (1, 2):
        try:
            lookup_order(order)
        except LookupError:
            continue
    list(ask_claude("a"))
    treadle.score("helpful", 0.5)


def test_their_records_have_the_keys_of_the_tracers(
    store: Path, tmp_path: Path, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same order, each kind of record: what is measured with them is what a program's records cost."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "desk")
    assert treadle.instrument() == ["openai"]
    with openai.OpenAI(base_url=model_server.base_url, api_key="none", max_retries=0) as client:
        answer(client)
    real = _keys(store)
    write_traces(tmp_path, Shape(traces=40, error_share=0.2))
    made = _keys(tmp_path)
    assert set(made) == set(real)
    for kind, variants in made.items():
        followed = {pair for keys in real[kind] for pair in combinations(keys, 2)}
        for keys in variants:
            told = [key for key in keys if key != "main"]  # a worker of pytest's has no main module
            assert set(combinations(told, 2)) <= followed, kind


def _keys(store: Path) -> dict[str, set[tuple[str, ...]]]:
    found: dict[str, set[tuple[str, ...]]] = {}
    for record in records(store):
        found.setdefault(record["r"], set()).add(tuple(record))
    return found


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    """Whatever the store; another seed writes others."""

    def written(seed: int, name: str) -> tuple[Made, list[bytes]]:
        made = write_traces(tmp_path / name, replace(SPREAD, large_every=40, large_bytes=90_000), seed=seed)
        return made, [path.read_bytes() for path in sorted((tmp_path / name).rglob("*")) if path.is_file()]

    assert written(1, "first") == written(1, "again")
    assert written(2, "other") != written(1, "once more")
