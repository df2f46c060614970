"""Journals into the index, in batches of about a thousand spans, against DuckDB inserting the same rows by itself."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from tests.benchmarks.measuring import by_turns, say
from tests.traces.shape import Shape
from tests.traces.writing import write_traces

from treadle_storage.index import Index
from treadle_storage.loading import INSERTS, Loader
from treadle_storage.schema import INGEST_FOLDER, open_database

ROUNDS = 5
SHAPE = Shape(traces=1_000)
SPANS = SHAPE.span_count
Batches = list[tuple[str, bytes]]
"""The tables, and the rows as `read_json` gets them."""


def main() -> None:
    """Measure the CPU of all threads: DuckDB has its own."""
    with tempfile.TemporaryDirectory() as folder:
        write_traces(Path(folder), SHAPE)
        stores = [_empty_store(Path(folder), number) for number in range(2 * ROUNDS + 1)]
        batches = _batches_of(stores.pop())
        for_ours, for_theirs = iter(stores[:ROUNDS]), iter(stores[ROUNDS:])
        ours, theirs = by_turns(
            lambda: _ingest(next(for_ours)),
            lambda: _insert(next(for_theirs), batches),
            rounds=ROUNDS,
            clock=time.process_time,
        )
    say(
        "ingest, CPU / DuckDB's read_json of the same rows",
        f"{ours / theirs:.2f} ({SPANS / ours:,.0f} / {SPANS / theirs:,.0f} spans a second)",
        "22,000 a second",
    )


def _empty_store(folder: Path, number: int) -> Path:
    """Return a store with the journal of all, and an index that holds nothing of it yet."""
    store = folder / f"store-{number}"
    store.mkdir()
    (store / "journal").symlink_to(folder / "journal")
    Index(store).close()
    return store


def _ingest(store: Path) -> None:
    with closing(Index(store)) as index:
        while index.ingest().backlog_bytes:
            continue


def _batches_of(store: Path) -> Batches:
    """Ingest once, and keep what would be inserted."""
    batches: Batches = []

    def kept(_: Loader, table: str, rows: Sequence[tuple[Any, Any]]) -> None:
        batches.append((table, b"".join(orjson.dumps(row) + b"\n" for row, _ in rows)))

    with patch.object(Loader, "_insert", kept):
        _ingest(store)
    return batches


def _insert(store: Path, batches: Batches) -> None:
    file = store / INGEST_FOLDER / "rows.ndjson"
    with closing(open_database(store, read_only=False)) as connection:
        for table, rows in batches:
            file.write_bytes(rows)
            connection.execute(INSERTS[table].replace("$limit", "16777216"), {"file": str(file)})
