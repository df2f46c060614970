"""Watches: SQL expressions shown at each position, with the value before the last move."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import QueryError
from treadle.model import Mark
from treadle_debugger.marks import Keeper, new_mark_id

if TYPE_CHECKING:
    from treadle_storage import Store, WatchValue

CACHED_STEPS = 256


@dataclass(frozen=True, slots=True)
class Watch:
    """An expression that someone wants to see."""

    watch_id: str
    expression: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a watch shows: the value here, and the one at the position before."""

    watch: Watch
    value: str | None
    type: str | None
    before: str | None
    changed: bool
    """Differs from the value before; false where there is no position before."""
    error: str | None


class Watches:
    """The watches that hold for one trace."""

    def __init__(self, store: "Store", trace_id: str, keeper: Keeper) -> None:
        self._store = store
        self._trace_id = trace_id
        self._keeper = keeper
        self._all: dict[str, Watch] = {}
        for mark in keeper.found_once("watch", _expression):
            expression = _expression(mark)
            if expression is not None:
                self._all[mark.mark_id] = Watch(mark.mark_id, expression)
        self._seen: dict[str, list[WatchValue]] = {}

    def __iter__(self) -> Iterator[Watch]:
        return iter(list(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def trouble(self) -> str | None:
        """Why the store could not keep them, if it could not."""
        return self._keeper.trouble

    def add(self, expression: str, *, at: str) -> Watch:
        """Add a watch, after trying it at a span.

        Raises:
            QueryError: the expression cannot be evaluated, or is watched already; nothing was added.

        """
        expression = expression.strip()
        if not expression:
            raise QueryError("a watch needs an expression over a step's columns, such as output_tokens")
        if any(watch.expression == expression for watch in self):
            raise QueryError(f"{expression} is watched already")
        (tried,) = self._store.watch(self._trace_id, at, [expression])
        if tried.error is not None:
            raise QueryError(tried.error)
        watch = Watch(new_mark_id(), expression)
        self._all[watch.watch_id] = watch
        self._seen.clear()
        self._keeper.keep(watch.watch_id, "watch", {"expression": expression})
        return watch

    def remove(self, watch_id: str) -> None:
        """Remove one for good."""
        del self._all[watch_id]
        self._seen.clear()
        self._keeper.forget(watch_id, "watch")

    def forget_values(self) -> None:
        """Drop what was read, since steps may have changed."""
        self._seen.clear()

    def read(self, span_id: str, *, before: str | None) -> list[Reading]:
        """Return what every watch shows at a span, having come from another."""
        here = self._values(span_id)
        there = self._values(before) if before is not None else here
        return [_reading(*row) for row in zip(self, here, there, strict=True)]

    def _values(self, span_id: str) -> "list[WatchValue]":
        if not self._all:
            return []
        if span_id not in self._seen:
            if len(self._seen) >= CACHED_STEPS:
                self._seen.pop(next(iter(self._seen)))
            expressions = [watch.expression for watch in self]
            self._seen[span_id] = self._store.watch(self._trace_id, span_id, expressions)
        return self._seen[span_id]


def _expression(mark: Mark) -> str | None:
    expression = mark.value.get("expression") if isinstance(mark.value, dict) else None
    return expression if isinstance(expression, str) else None


def _reading(watch: Watch, here: "WatchValue", there: "WatchValue") -> Reading:
    changed = (here.value, here.error) != (there.value, there.error)
    return Reading(watch, here.value, here.type, there.value, changed, here.error)
