"""Traces made up for the tests of widgets: the flat arrays of a trace, without a store."""

from dataclasses import dataclass

import numpy as np

from treadle.model import KINDS, STATUSES

SECOND = 1_000_000_000


@dataclass(frozen=True)
class MadeTree:
    """The arrays of `treadle_storage.tree.Tree` that screens look at."""

    span_id: np.ndarray
    parent: np.ndarray
    depth: np.ndarray
    start_ns: np.ndarray
    duration_ns: np.ndarray
    kind: np.ndarray
    status: np.ndarray
    source: np.ndarray
    name: np.ndarray
    names: tuple[str, ...]
    input_tokens: np.ndarray
    output_tokens: np.ndarray

    def __len__(self) -> int:
        return len(self.span_id)


def made_tree(rows: list[tuple[int, str, str, float, float, str]]) -> MadeTree:
    """Make a tree of (parent, kind, name, start in s, duration in s or -1, status), in clock order."""
    parent = np.array([row[0] for row in rows], np.int32)
    depth = np.zeros(len(rows), np.int16)
    for step, caller in enumerate(parent):
        depth[step] = depth[caller] + 1 if caller >= 0 else 0
    names = tuple(dict.fromkeys(row[2] for row in rows))
    tokens = np.full(len(rows), -1, np.int32)
    return MadeTree(
        span_id=np.arange(1, len(rows) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15),
        parent=parent,
        depth=depth,
        start_ns=np.array([1_700_000_000 * SECOND + int(row[3] * SECOND) for row in rows], np.int64),
        duration_ns=np.array([int(row[4] * SECOND) if row[4] >= 0 else -1 for row in rows], np.int64),
        kind=np.array([KINDS.index(row[1]) for row in rows], np.uint8),
        status=np.array([STATUSES.index(row[5]) for row in rows], np.uint8),
        source=np.zeros(len(rows), np.uint8),
        name=np.array([names.index(row[2]) for row in rows], np.int32),
        names=names,
        input_tokens=tokens,
        output_tokens=tokens,
    )


def rag_tree() -> MadeTree:
    """Return a chain with concurrent branches, an error and a call that still runs."""
    return made_tree(
        [
            (-1, "chain", "rag_chain", 0.0, 4.21, "error"),
            (0, "tool", "detect_language", 0.01, 0.004, "ok"),
            (0, "retriever", "retrieve", 0.02, 0.31, "ok"),
            (2, "embedding", "embed", 0.03, 0.12, "ok"),
            (0, "chain", "rewrite", 0.35, 0.9, "ok"),
            (4, "llm", "openai.chat", 0.36, 0.88, "ok"),
            (0, "agent", "answer", 1.3, 2.67, "error"),
            (6, "llm", "openai.chat", 1.31, 1.5, "ok"),
            (6, "tool", "lookup", 1.4, 0.2, "ok"),
            (8, "span", "http.get", 1.45, 0.1, "ok"),
            (6, "chain", "parse_answer", 3.0, 0.05, "error"),
            (0, "guardrail", "moderate", 4.0, -1, "running"),
        ]
    )


def large_tree(count: int) -> MadeTree:
    """Return a trace of `count` steps, eight wide and some levels deep, with interleaved branches."""
    rng = np.random.default_rng(7)
    step = np.arange(count)
    parent = np.where(step == 0, -1, (step - 1) // 8).astype(np.int32)
    depth = np.zeros(count, np.int16)
    for at in range(1, count):
        depth[at] = depth[parent[at]] + 1
    start = 1_700_000_000 * SECOND + step.astype(np.int64) * 1_000_000
    names = tuple(f"step_{number}" for number in range(40))
    return MadeTree(
        span_id=rng.permutation(count).astype(np.uint64) + np.uint64(1),
        parent=parent,
        depth=depth,
        start_ns=start,
        duration_ns=(count - step).astype(np.int64) * 400_000,
        kind=rng.integers(0, len(KINDS), count).astype(np.uint8),
        status=np.where(rng.random(count) < 0.01, 2, 1).astype(np.uint8),
        source=np.zeros(count, np.uint8),
        name=rng.integers(0, len(names), count).astype(np.int32),
        names=names,
        input_tokens=np.full(count, -1, np.int32),
        output_tokens=np.full(count, -1, np.int32),
    )
