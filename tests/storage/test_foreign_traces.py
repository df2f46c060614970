"""Traces whose parents make no sense: all their steps are listed and opened, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.indexes import ask, ingest_all, rows
from storage.journals import START_NS, JournalWriter, span_id, trace_id
from treadle_storage.index import Index
from treadle_storage.summaries import summaries_of
from treadle_storage.tree import tree_of

PARENTS: dict[str, list[tuple[int, int | None]]] = {
    "a circle of three": [(1, 3), (2, 1), (3, 2)],
    "its own parent": [(1, 1), (2, 1)],
    "a circle beside a root": [(1, None), (2, 3), (3, 2), (4, 1)],
    "a parent in no journal": [(2, 1), (3, 2)],
    "a parent that begins after its child": [(3, 2), (2, 1), (1, None)],
    "two roots": [(1, None), (2, None), (3, 1)],
}


@pytest.mark.parametrize("parents", PARENTS.values(), ids=PARENTS.keys())
@pytest.mark.parametrize("rounds", ["in one round", "a record a round"])
def test_every_step_is_there_once(
    store: Path, index: Index, parents: list[tuple[int, int | None]], rounds: str
) -> None:
    """In the list of traces the trace is one, with all its steps, and its tree holds each."""
    with JournalWriter(store) as writer:
        for span, parent in parents:
            writer.start(span_id(span), f"step {span}", parent=None if parent is None else span_id(parent))
            if rounds != "in one round":
                ingest_all(index)
        for span, _ in parents:
            writer.end(span_id(span), result=span)
        ingest_all(index)
    assert [(trace.trace_id, trace.span_count) for trace in summaries_of(ask(index, "traces"))] == [
        (trace_id(1), len(parents))
    ]
    assert rows(index, "select trace_id, span_count from traces") == [(trace_id(1), len(parents))]
    tree = tree_of(ask(index, "tree", trace_id=trace_id(1)))
    assert sorted(tree.hex_id(row) for row in range(len(tree))) == sorted(span_id(span) for span, _ in parents)
    assert all(parent < row for row, parent in enumerate(tree.parent))
    assert (tree.depth >= 0).all()


def test_a_root_that_is_read_last_is_the_root(store: Path, index: Index) -> None:
    """Its children came from three other processes, whose journals were indexed before its own."""
    for number in (2, 3, 4):
        with JournalWriter(store, process=f"{number:016x}", start_ns=START_NS + number * 10**9) as child:
            child.start(span_id(number), f"child {number}", parent=span_id(1))
            child.end(span_id(number))
        ingest_all(index)
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "root")
        writer.end(span_id(1))
    ingest_all(index)
    (trace,) = summaries_of(ask(index, "traces"))
    assert (trace.name, trace.span_count) == ("root", 4)
    assert tree_of(ask(index, "tree", trace_id=trace_id(1))).parent.tolist() == [-1, 0, 0, 0]
