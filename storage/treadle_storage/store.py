"""The store as every face sees it: questions to the owner, answered as the nouns of `treadle.model`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from treadle.config import find_store
from treadle.errors import NotFoundError, StoreError
from treadle.journal import make_store
from treadle_storage.arriving import Arrival
from treadle_storage.link import Link
from treadle_storage.long_texts import with_long_texts
from treadle_storage.parameters import encoded
from treadle_storage.place import place_of
from treadle_storage.recordings import RECORDING_QUESTIONS, recording_of
from treadle_storage.rows import Rows
from treadle_storage.steps import events_of, marks_of, messages_of, scores_of, source_of, step_of, watch_values_of
from treadle_storage.summaries import found_of, summaries_of
from treadle_storage.tree import tree_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from treadle.model import Event, Mark, Message, RecordedSource, Recording, Score, Step, TraceSummary
    from treadle_storage.columns import Columns
    from treadle_storage.parameters import Params
    from treadle_storage.steps import WatchValue
    from treadle_storage.summaries import Found
    from treadle_storage.tree import Tree

SQL_TIMEOUT_S = 30.0
SEARCH_TIMEOUT_S = 120.0
_SIGNS_OF_A_STORE = ("journal", "treadle.duckdb", "owner.lock")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was not indexed: its line is kept in the store, in `rejected/`, or its span was there before."""

    journal: str
    offset_bytes: int
    length_bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Prunable:
    """A trace, as retention weighs it."""

    trace_id: str
    started_ns: int
    spans: int
    weight_bytes: int
    """Of its payloads and rows, before they are compressed."""
    is_kept: bool
    """It runs, a person bookmarked it, or it fits what is to be kept."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the store and its owner are."""

    owner_pid: int
    clients: int
    read_only: bool
    version: int
    spans: int
    open_spans: int
    traces: int
    journals: int
    backlog_bytes: int
    """What the journals hold and the index does not yet."""
    ingest_failure: str | None
    """Why the journals cannot be indexed at present, if they cannot."""
    rejected: tuple[Rejected, ...]


def open(path: str | Path | None = None, *, create: bool = False, read_only: bool = False, fresh: bool = True) -> Store:  # noqa: A001
    """Open a store: the given one, else the one that commands find from here.

    With `fresh`, each question waits until what the journals hold is indexed. Without, it is answered from what the
    owner has indexed by itself, every 100 ms while `version()` is asked: for a face that looks all the time.

    Raises:
        NotFoundError: there is no store, and `create` does not ask for one.

    """
    store = find_store(path)
    if create:
        try:
            make_store(store)
        except OSError as error:
            raise StoreError(f"no store can be made at {store}: {error.strerror}") from error
    _check_is_store(store)
    return Store(store, read_only=read_only, fresh=fresh)


class Store:
    """A client of the store's owner, which it starts when nobody serves. Threads may share it."""

    def __init__(self, path: Path, *, read_only: bool = False, fresh: bool = True) -> None:
        place = place_of(path, read_only=read_only)
        self.path = path
        self._link = Link(place)
        self._fresh = fresh and not place.read_only

    def sql(self, query: str, params: Params | None = None, *, timeout_s: float = SQL_TIMEOUT_S) -> Rows:
        """Run a SELECT and return its rows as they come; `params` stand for its `?`, or by name for its `$name`.

        Raises:
            QueryError: it cannot be run, may not be, or took longer than `timeout_s` in the database.
            UsageError: a parameter is of a type that no query takes.

        """
        asked: dict[str, Any] = {"query": query, "timeout_s": timeout_s, "fresh": self._fresh}
        if params is not None:
            asked["params"] = encoded(params)
        return Rows(self._link, *self._link.begin("sql", **asked))

    def traces(
        self, *, limit: int = 100, before: TraceSummary | None = None, where: str | None = None
    ) -> list[TraceSummary]:
        """Return the newest traces, or the newest that are older than `before`; `where` is SQL on their columns."""
        key = [before.started_at_ns, before.trace_id] if before else None
        return summaries_of(self._ask("traces", limit=limit, before=key, where=where))

    def trace(self, trace_id: str) -> TraceSummary:
        """Return one trace's row."""
        return summaries_of(self._ask("trace", trace_id=trace_id))[0]

    def resolve(self, name: str) -> Found:
        """Return what `last`, `last-failed` or the beginning of an id names.

        Raises:
            NotFoundError: nothing is called so.
            AmbiguousError: several traces or spans begin so.

        """
        return found_of(self._ask("resolve", name=name))

    def tree(self, trace_id: str) -> Tree:
        """Return a trace's steps as arrays, in clock order."""
        return tree_of(self._ask("tree", trace_id=trace_id))

    def step(self, trace_id: str, span_id: str) -> Step:
        """Return everything that was recorded of a step."""
        step = step_of(self._ask("step", trace_id=trace_id, span_id=span_id))
        given, answer = (with_long_texts(tagged, self.path) for tagged in (step.input_tagged, step.output_tagged))
        return replace(step, input_tagged=given, output_tagged=answer)

    def source(self, trace_id: str, span_id: str) -> RecordedSource | None:
        """Return the code that a step ran, where it stood in no file and so was kept with the trace."""
        return source_of(self._ask("source", trace_id=trace_id, span_id=span_id))

    def messages(self, trace_id: str, span_id: str) -> list[Message]:
        """Return the conversation of a step."""
        return messages_of(self._ask("messages", trace_id=trace_id, span_id=span_id))

    def events(self, trace_id: str, span_id: str) -> list[Event]:
        """Return what happened inside a step."""
        return events_of(self._ask("events", trace_id=trace_id, span_id=span_id))

    def scores(self, trace_id: str) -> list[Score]:
        """Return the scores of a trace and of its steps."""
        return scores_of(self._ask("scores", trace_id=trace_id))

    def marks(self) -> list[Mark]:
        """Return the breakpoints, watches and bookmarks that people left."""
        return marks_of(self._ask("marks"))

    def prunable(self, keep: str | None = None) -> list[Prunable]:
        """Return every trace, the oldest first, with what it weighs; `keep` is a condition on those that stay."""
        columns = self._ask("prunable", keep=keep)
        return [Prunable(*row) for row in columns.iter_rows()]

    def last_arrival(self) -> int:
        """Return the number of the step that was indexed last; -1 where there is none."""
        return int(self._ask("last_arrival")["last"].cells()[0])

    def arrivals(self, first: int, last: int, *, where: str | None = None) -> list[Arrival]:
        """Return the steps with the numbers from `first` to `last` that fit, in the order in which they came."""
        return [Arrival(*row) for row in self._ask("arrivals", first=first, last=last, where=where).iter_rows()]

    def found(
        self, sought: dict[str, Any], *, first: int, last: int, limit: int, is_open: bool = False
    ) -> list[tuple[Any, ...]]:
        """Return of the steps with the numbers from `first` to `last`, or of those that run, what is sought."""
        asked = {**sought, "first": first, "last": last, "limit": limit, "open": is_open}
        return self._link.ask("found", asked, fresh=self._fresh, timeout_s=SEARCH_TIMEOUT_S).rows()

    def hits(self, trace_id: str, condition: str, *, above_row: int | None = None) -> NDArray[np.bool_]:
        """Return which steps a condition holds for, in the order of the tree: a glob on the name, or SQL."""
        return _flags(self._ask("hits", trace_id=trace_id, condition=condition, above_row=above_row), "hit")

    def search(self, trace_id: str, text: str) -> NDArray[np.bool_]:
        """Return which steps hold the text in a payload, case folded, in the order of the tree."""
        return _flags(self._ask("search", trace_id=trace_id, text=text), "hit")

    def watch(self, trace_id: str, span_id: str, expressions: list[str]) -> list[WatchValue]:
        """Return the values of SQL expressions at a step, each with its own error where it has none."""
        return watch_values_of(self._ask("watch", trace_id=trace_id, span_id=span_id, expressions=expressions))

    def column(self, trace_id: str, expression: str) -> list[str | None]:
        """Return the value of a SQL expression at every step, in the order of the tree."""
        return self._ask("column", trace_id=trace_id, expression=expression)["value"].texts()

    def recording(self, trace_id: str) -> Recording:
        """Return a trace with all that a replay needs."""
        return recording_of(*(self._ask(question, trace_id=trace_id) for question in RECORDING_QUESTIONS))

    def version(self) -> int:
        """Return a number that grows when anything new was indexed; cheap, and never waits for the journals."""
        return int(self._link.exchange("version").header["version"])

    def status(self) -> Status:
        """Return how the store and its owner are."""
        owner = self._link.exchange("status", fresh=self._fresh).header
        counts = self._ask("status")
        return Status(
            owner_pid=owner["owner_pid"],
            clients=owner["clients"],
            read_only=owner["read_only"],
            version=owner["version"],
            backlog_bytes=owner["backlog_bytes"],
            ingest_failure=owner["ingest_failure"],
            rejected=tuple(Rejected(*row) for row in self._ask("rejected").iter_rows()),
            **{name: counts[name].cells()[0] for name in ("spans", "open_spans", "traces", "journals")},
        )

    def close(self) -> None:
        """Leave the owner; it ends by itself when it has had no client for a while."""
        self._link.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, question: str, **args: Any) -> Columns:
        return self._link.ask(question, args, fresh=self._fresh, timeout_s=SQL_TIMEOUT_S)


def _check_is_store(store: Path) -> None:
    if not store.exists():
        raise NotFoundError(
            f"no store at {store}: record something first (`treadle demo`, or `treadle run app.py`), "
            "or name another with --store or TREADLE_STORE"
        )
    if not store.is_dir():
        raise NotFoundError(f"{store} is not a store but a file: name a directory with --store or TREADLE_STORE")
    held = {entry.name for entry in store.iterdir() if not entry.name.startswith(".")}
    if held and held.isdisjoint(_SIGNS_OF_A_STORE):
        raise NotFoundError(f"{store} is not a store, it holds other things: name the .treadle directory in it, if any")


def _flags(columns: Columns, name: str) -> NDArray[np.bool_]:
    return columns[name].values.astype(bool)
