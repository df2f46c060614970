"""A trace as arrays: order, parents, depths, and clocks that disagree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.indexes import ask
from storage.journals import START_NS, JournalWriter, span_id, trace_id, write_example, write_long_trace
from treadle.errors import NotFoundError
from treadle.model import KINDS, STATUSES
from treadle_storage.index import Index
from treadle_storage.tree import Tree, clock_order, tree_of


def tree(index: Index, trace: str = trace_id(1)) -> Tree:
    """Return a trace's tree."""
    return tree_of(ask(index, "tree", trace_id=trace))


def names(tree: Tree) -> list[str]:
    """Return the steps' names in order."""
    return [tree.names[code] for code in tree.name]


def test_a_chain_is_a_tree_in_clock_order(store: Path, index: Index) -> None:
    """Each array says of each step what was recorded."""
    with JournalWriter(store) as writer:
        write_example(writer)
        index.ingest()
    found = tree(index)
    assert names(found) == ["answer", "retrieve", "chat gpt-4o", "parse"]
    assert found.parent.tolist() == [-1, 0, 0, 0]
    assert found.depth.tolist() == [0, 1, 1, 1]
    assert [KINDS[kind] for kind in found.kind] == ["chain", "retriever", "llm", "chain"]
    assert [STATUSES[status] for status in found.status] == ["ok", "ok", "ok", "error"]
    assert [found.models[code] if code >= 0 else None for code in found.model] == [None, None, "gpt-4o", None]
    assert found.output_tokens.tolist() == [-1, -1, 100, -1]
    assert found.duration_ns.tolist() == [7_000_000, 1_000_000, 1_000_000, 1_000_000]
    assert found.shifted_ns.tolist() == [0, 0, 0, 0]
    for row in range(4):
        assert found.index_of(found.hex_id(row)) == row
    with pytest.raises(KeyError):
        found.index_of(span_id(999))


def test_a_running_step_has_no_duration(store: Path, index: Index) -> None:
    """A trace is a tree while it runs."""
    with JournalWriter(store) as writer:
        writer.start(span_id(1), "slow", kind="never heard of")
        index.ingest()
        found = tree(index)
    assert (found.duration_ns.tolist(), STATUSES[found.status[0]], KINDS[found.kind[0]]) == ([-1], "running", "span")


def test_an_unknown_trace_is_not_found(index: Index) -> None:
    """It is told what to do instead."""
    with pytest.raises(NotFoundError, match="treadle traces"):
        tree(index)


def test_a_child_with_a_slow_clock_is_shifted_after_its_parent(store: Path, index: Index) -> None:
    """The other process's steps move together, and say by how much."""
    second = 10**9
    with (
        JournalWriter(store) as parent,
        JournalWriter(store, process="00000000000000dd", start_ns=START_NS + 1) as child,
    ):
        parent.start(span_id(1), "parent", at_ns=START_NS + 10 * second)
        child.start(span_id(2), "child", parent=span_id(1), at_ns=START_NS + 8 * second)
        child.start(span_id(3), "grandchild", parent=span_id(2), at_ns=START_NS + 8 * second + 500)
        parent.start(span_id(4), "sibling", parent=span_id(1), at_ns=START_NS + 11 * second)
        index.ingest()
    found = tree(index)
    assert names(found) == ["parent", "child", "grandchild", "sibling"]
    assert found.parent.tolist() == [-1, 0, 1, 0]
    shift = 2 * second + 1
    assert found.shifted_ns.tolist() == [0, shift, shift, 0]
    assert (found.start_ns - START_NS).tolist() == [10 * second, 10 * second + 1, 10 * second + 501, 11 * second]
    hit = ask(index, "hits", trace_id=trace_id(1), condition="*child")["hit"].values
    assert hit.tolist() == [False, True, True, False]
    assert ask(index, "column", trace_id=trace_id(1), expression="name")["value"].texts() == names(found)


def test_a_long_trace_opens_and_answers(store: Path, index: Index) -> None:
    """Ten thousand steps: conditions, columns and search are in the order of the tree."""
    trace = write_long_trace(store, steps=10_000)
    while index.ingest().changed:
        pass
    found = tree(index, trace)
    assert len(found) == 10_000
    assert (found.parent < np.arange(10_000)).all()
    assert set(found.depth.tolist()) == {0, 1, 2}
    failed = ask(index, "hits", trace_id=trace, condition="status = 'error'")["hit"].values
    assert failed.tolist() == (found.status == STATUSES.index("error")).tolist()
    above = ask(index, "hits", trace_id=trace, condition="llm*", above_row=5000)["hit"].values
    is_model = found.kind == KINDS.index("llm")
    assert above.tolist() == (is_model & (np.arange(10_000) > 5000)).tolist()
    column = ask(index, "column", trace_id=trace, expression="output_tokens")["value"].texts()
    assert column == [None if tokens < 0 else str(tokens) for tokens in found.output_tokens.tolist()]
    sought = ask(index, "search", trace_id=trace, text="ANSWER 777 ")["hit"].values
    assert np.flatnonzero(sought).tolist() == [777]


def order_of(rows: list[tuple[int, int | None, int, int]]) -> Any:
    """Order rows of (span, parent, start, process)."""
    rows = sorted(rows, key=lambda row: (row[2], row[3]))
    return clock_order(
        np.array([row[0] for row in rows], dtype=np.uint64),
        np.array([row[1] or 0 for row in rows], dtype=np.uint64),
        np.array([row[1] is not None for row in rows]),
        np.array([row[2] for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.uint64),
    ), rows


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.none() | st.integers(1, 30), st.integers(0, 20), st.integers(0, 2)),
        unique_by=lambda row: row[0],
        max_size=30,
    )
)
def test_whatever_the_records_say_parents_come_first(rows: list[tuple[int, int | None, int, int]]) -> None:
    """Circles, lost parents and disagreeing clocks give an order all the same."""
    order, _ = order_of(rows)
    assert sorted(order.rows.tolist()) == list(range(len(rows)))
    positions = np.arange(len(rows))
    assert (order.parent < positions).all()
    inner = order.parent >= 0
    assert (order.depth[inner] == order.depth[order.parent[inner]] + 1).all()
    assert (order.depth[~inner] == 0).all()
    assert (order.shifted_ns >= 0).all()


def test_a_deep_recursion_has_its_depth() -> None:
    """Depth comes by doubling, not by walking."""
    order, _ = order_of([(span, span - 1 or None, span, 0) for span in range(1, 5001)])
    assert order.depth.tolist() == list(range(5000))


def test_a_step_that_is_its_own_parent_is_a_root() -> None:
    """A forged circle is cut."""
    order, _ = order_of([(1, 1, 0, 0), (2, 3, 1, 0), (3, 2, 2, 0), (4, 3, 3, 0)])
    assert order.parent.tolist() == [-1, -1, -1, 2]
