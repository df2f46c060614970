"""Small traces and a store in memory, for the debugger's core without a database."""

import fnmatch
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from treadle.errors import QueryError
from treadle.model import KINDS, STATUSES, Mark


@dataclass(frozen=True)
class SmallTree:
    """A tree with the columns of the real one that moves and breakpoints look at."""

    parent: np.ndarray
    depth: np.ndarray
    name: np.ndarray
    names: tuple[str, ...]
    status: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.parent)

    def hex_id(self, row: int) -> str:
        """Name a row."""
        return f"{row + 1:016x}"

    def index_of(self, span_id: str) -> int:
        """Find a row."""
        row = int(span_id, 16) - 1
        if not 0 <= row < len(self):
            raise KeyError(span_id)
        return row


def tree_of(*steps: str) -> SmallTree:
    """Make a tree of lines, one a step in clock order: parent's row (or -), name, then kind and status if not usual."""
    words = [line.split() for line in steps]
    fields = [(*given, *("chain", "ok")[len(given) - 2 :]) for given in words]
    parent = np.array([-1 if above == "-" else int(above) for above, *_ in fields], dtype=np.int32)
    depth = np.zeros(len(parent), dtype=np.int16)
    for row, above in enumerate(parent):
        depth[row] = 0 if above < 0 else depth[above] + 1
    names = tuple(dict.fromkeys(name for _, name, *_ in fields))
    return SmallTree(
        parent=parent,
        depth=depth,
        name=np.array([names.index(name) for _, name, *_ in fields], dtype=np.int32),
        names=names,
        status=np.array([STATUSES.index(status) for *_, status in fields], dtype=np.uint8),
        kind=np.array([KINDS.index(kind) for _, _, kind, _ in fields], dtype=np.uint8),
    )


@dataclass
class Watched:
    """A watch's value."""

    expression: str
    value: str | None
    type: str | None = "VARCHAR"
    error: str | None = None


@dataclass
class SmallStore:
    """Answers as the store does: names by glob, `kind='llm'` by kind, any other condition is broken."""

    path: Path
    the_tree: SmallTree
    payloads: dict[int, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    kept: list[Mark] = field(default_factory=list)

    def tree(self, trace_id: str) -> SmallTree:
        """Return the one tree."""
        return self.the_tree

    def hits(self, trace_id: str, condition: str, *, above_row: int | None = None) -> np.ndarray:
        """Evaluate a condition over all rows."""
        self.asked.append(condition)
        tree = self.the_tree
        if condition.startswith("kind="):
            return tree.kind == KINDS.index(condition[5:].strip("'"))
        if " " in condition or "=" in condition:
            raise QueryError(f"cannot read the condition: {condition}")
        return np.array([fnmatch.fnmatchcase(tree.names[name], condition) for name in tree.name], dtype=np.bool_)

    def _value(self, row: int, expression: str) -> Watched:
        if expression == "name":
            return Watched(expression, self.the_tree.names[self.the_tree.name[row]])
        if expression == "nothing":
            return Watched(expression, None)
        return Watched(expression, None, None, f"no column {expression}")

    def watch(self, trace_id: str, span_id: str, expressions: list[str]) -> list[Watched]:
        """Evaluate expressions at a row."""
        self.asked.append(f"watch {span_id}")
        return [self._value(self.the_tree.index_of(span_id), expression) for expression in expressions]

    def column(self, trace_id: str, expression: str) -> list[str | None]:
        """Evaluate an expression at all rows."""
        return [self._value(row, expression).value for row in range(len(self.the_tree))]

    def search(self, trace_id: str, text: str) -> np.ndarray:
        """Look for a text in the payloads."""
        hits = [text in self.payloads.get(row, "") for row in range(len(self.the_tree))]
        return np.array(hits, dtype=np.bool_)

    def marks(self) -> list[Mark]:
        """Return what was kept."""
        return self.kept

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the core asked the store for {name}")


CHAIN = tree_of(
    "- rag chain",
    "0 retrieve retriever",
    "1 embed embedding",
    "0 answer chain error",
    "3 generate llm",
    "4 tokenise tool",
    "3 generate llm error",
    "0 report tool",
)
"""rag(retrieve(embed) answer(generate(tokenise) generate) report), in the order of a program without concurrency."""

TASKS = tree_of("- rag", "0 first", "0 second", "1 a llm", "2 b llm", "1 c llm", "0 merge")
"""Two tasks at once: first(a c), second(b), then merge."""
