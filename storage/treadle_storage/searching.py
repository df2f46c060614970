"""A text in everything that was recorded: the newest steps first, each as soon as it is found.

Rows are looked through in pieces from the end, small ones first, so that the first hits are there at once whatever the
store holds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from treadle.replay import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle_storage.store import Store

SNIPPET_CHARACTERS = 100
LEAD_CHARACTERS = 30
FIRST_ROWS = 4_000
MOST_ROWS = 256_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A step that holds what was sought."""

    trace_id: str
    span_id: str
    name: str
    kind: str
    started_at_ns: int
    place: str
    """Where: `output`, `input`, `error` or `name`."""
    path: str | None
    """Where in an input or output, as JSONPath; None where it is not within one value."""
    snippet: str


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: a text, case folded, or a regular expression."""

    text: str
    is_pattern: bool = False

    @property
    def arguments(self) -> dict[str, Any]:
        """What the owner is asked with."""
        if self.is_pattern:
            return {"pattern": self.text}
        return {"plain": self.text.lower(), "quoted": json.dumps(self.text, ensure_ascii=False)[1:-1].lower()}

    def first_in(self, text: str) -> tuple[int, int] | None:
        """Return where it stands in a text first, as the beginning and the end."""
        found = re.search(self.text if self.is_pattern else re.escape(self.text), text, re.IGNORECASE)
        return found.span() if found else None


def search_everywhere(store: Store, sought: Sought, *, limit: int) -> Iterator[Hit]:
    """Yield the steps whose name, input, output or error holds it: those that run, then the newest first.

    Raises:
        QueryError: the pattern is none.

    """
    yield from _hits(store.found(sought.arguments, first=0, last=0, limit=limit, is_open=True), sought)
    last, rows = store.last_arrival(), FIRST_ROWS
    while last >= 0:
        first = max(0, last - rows + 1)
        yield from _hits(store.found(sought.arguments, first=first, last=last, limit=limit), sought)
        last, rows = first - 1, min(2 * rows, MOST_ROWS)


def _hits(rows: list[tuple[Any, ...]], sought: Sought) -> Iterator[Hit]:
    for trace_id, span_id, name, kind, started_at_ns, place, held in rows:
        path, text = _place_in(held, sought) if place in ("input", "output") else (None, held)
        yield Hit(trace_id, span_id, name, kind, started_at_ns, place, path, _snippet(text, sought))


def _place_in(payload: str, sought: Sought) -> tuple[str | None, str]:
    """Return the path of the first value that holds it, and that value as a text; else the payload itself."""
    try:
        tree = json.loads(payload)
    except (ValueError, RecursionError):  # told by its beginning, or nested without end
        return None, payload
    for path, text in _texts(tree):
        if sought.first_in(text) is not None:
            return paths.shown(path), text
    return None, payload


def _texts(tree: Any) -> Iterator[tuple[paths.Path, str]]:
    """Yield every value that holds no others as a text, and every name, in the order of the payload."""
    waiting: list[tuple[paths.Path, Any]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            yield from (((*path, name), name) for name in value)
            waiting += [((*path, name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, number), inner) for number, inner in reversed(list(enumerate(value)))]
        else:
            yield path, value if isinstance(value, str) else json.dumps(value)


def _snippet(text: str, sought: Sought) -> str:
    span = sought.first_in(text)
    begin = max(0, span[0] - LEAD_CHARACTERS) if span else 0
    return text[begin : begin + SNIPPET_CHARACTERS]
