"""A million spans, as a client sees them through the owner's socket: what ingest and space cost, how long answers take.

Ingesting them takes a minute and more of one core, and their journals 3 GB. TREADLE_BENCH_SPANS takes fewer.
"""

from __future__ import annotations

import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
from tests.benchmarks.measuring import say
from tests.traces.shape import LONG, Shape
from tests.traces.writing import write_traces

import treadle_storage
from treadle_storage.index import Index
from treadle_storage.store import Store

SPANS = int(os.environ.get("TREADLE_BENCH_SPANS", "1000000"))
ROUNDS = 9
_RAW = """
create table raw as select * from read_json($files, format = 'newline_delimited', maximum_object_size = 20000000,
  columns = {v: 'INTEGER', r: 'VARCHAR', n: 'UBIGINT', t: 'BIGINT', trace: 'VARCHAR', span: 'VARCHAR',
    parent: 'VARCHAR', name: 'VARCHAR', kind: 'VARCHAR', status: 'VARCHAR', attrs: 'JSON', error: 'JSON',
    chunks: 'JSON', "in": 'JSON', out: 'JSON', sig: 'VARCHAR'})
"""
"""The records as they stand: nothing is checked, joined or taken apart."""
_BY_MODEL = """
select model, count(*), quantile_cont(duration_ms, 0.95), sum(cost_usd) from spans where kind = 'llm' group by model
"""
_ATTRIBUTE = "select count(*) from spans where attributes['gen_ai.tool.name']::varchar = 'lookup_order'"
_SEARCH = """
select trace_id, span_id from spans
where contains(lower(input::varchar), 'weaver') or contains(lower(output::varchar), 'weaver')
"""
"""Said nowhere: all payloads are read."""
_FIRST_HIT = "select span_id from spans where contains(lower(output::varchar), 'refund') limit 1"


def main() -> None:
    """Write, index, ask."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "store")
        os.environ["TREADLE_KEY_FILE"] = str(Path(folder, "key"))
        trace_ids = write_traces(place, Shape(traces=(SPANS - LONG.steps) // 10)).trace_ids
        (long_trace,) = write_traces(place, LONG, seed=1).trace_ids
        _ingest(place)
        with treadle_storage.open(place, fresh=False) as store:
            owner = store.status().owner_pid
            try:
                _ask(store, trace_ids[len(trace_ids) // 2], long_trace)
            finally:
                os.kill(owner, signal.SIGTERM)


def _ingest(place: Path) -> None:
    journals = [str(path) for path in sorted((place / "journal").iterdir())]
    journal_bytes = sum(Path(path).stat().st_size for path in journals)
    with closing(Index(place)) as index:
        ours = _spent(time.process_time, partial(_ingest_all, index))
    database_bytes = sum(path.stat().st_size for path in place.glob("treadle.duckdb*"))
    opening_s = _spent(time.perf_counter, lambda: Index(place).close())
    theirs = _spent(time.process_time, partial(_load_raw, place.parent / "raw.duckdb", journals))
    say(
        f"ingest of {SPANS:,}, CPU / DuckDB's read_json of the lines",
        f"{ours / theirs:.2f} ({SPANS / ours:,.0f} / {SPANS / theirs:,.0f} spans a second)",
        "22,000 a second",
    )
    say("bytes of the index a span", f"{database_bytes / SPANS:.0f} (in journals {journal_bytes / SPANS:,.0f})", "400")
    say(f"opening an index of {SPANS:,}", f"{opening_s * 1e3:,.0f} ms", "under 60 ms")


def _ingest_all(index: Index) -> None:
    while index.ingest().backlog_bytes:
        continue


def _load_raw(database: Path, journals: list[str]) -> None:
    with closing(duckdb.connect(str(database), config={"threads": 1, "memory_limit": "1GB"})) as connection:
        connection.execute(_RAW, {"files": journals})
    database.unlink()


def _ask(store: Store, trace: str, long_trace: str) -> None:
    questions: tuple[tuple[str, Callable[[], object], str], ...] = (
        ("the newest 50 traces", lambda: store.traces(limit=50), "under 10 ms"),
        ("a trace of ten full spans", lambda: store.recording(trace), "under 10 ms"),
        (f"the tree of {LONG.steps:,} steps", lambda: store.tree(long_trace), "under 150 ms"),
        ("p95 and cost by model", lambda: store.sql(_BY_MODEL).fetchall(), "under 40 ms"),
        ("one attribute", lambda: store.sql(_ATTRIBUTE).fetchall(), "under 40 ms"),
        ("a text through all payloads", lambda: store.sql(_SEARCH).fetchall(), "under 1,000 ms"),
        ("the first payload that holds a text", lambda: store.sql(_FIRST_HIT).fetchall(), "under 100 ms"),
    )
    for name, question, promise in questions:
        question()
        took_s = statistics.median(_spent(time.perf_counter, question) for _ in range(ROUNDS))
        say(f"of {SPANS:,} spans: {name}", f"{took_s * 1e3:,.1f} ms", promise)


def _spent(clock: Callable[[], float], work: Callable[[], object]) -> float:
    """Return the seconds on a clock: of the CPU those of all threads, DuckDB has its own."""
    began = clock()
    work()
    return clock() - began
