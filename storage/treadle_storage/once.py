"""Each span is in the index once, whatever foreign traces and copied journals say: the first that was read stays."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from treadle_storage.journals import process_of
from treadle_storage.records import RepeatedError, identity, writer_of

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

    from treadle_storage.assembly import Batch, Place, SpanKey
    from treadle_storage.records import Row

MOST_SPANS = 200_000
"""Remembered, of the traces that were met last; of others the index is asked again."""
MOST_REPEATS = 10_000
_TRACES_A_QUERY = 40
"""Of a longer list DuckDB does not ask its index."""
_SPANS_OF = """
select replace(trace_id::varchar, '-', ''), span_id from {table} where trace_id in ({ids})
"""
_TABLES = ("finished", "open_spans")
_OF_SPANS = ("finished", "closure_rows", "event_rows")
_STARTED = "of a span that has started before"
_ENDED = "of a span that has ended before"


class Once:
    """Tells what is about a span that was taken before: in the same batch at once, in the index when one is full."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._known = _KnownSpans(connection)
        self._begun: dict[SpanKey, tuple[int, Place]] = {}
        """Spans that this batch saw first: the process, and where."""
        self._ended: set[SpanKey] = set()
        """Spans that ended in this batch, and began in one before."""
        self._repeats: OrderedDict[tuple[int, SpanKey], None] = OrderedDict()

    def check_start(self, key: SpanKey, process: str, *, is_open: bool) -> None:
        """Check that a span that begins is new.

        Raises:
            RepeatedError: it is not; what follows about it is refused too.

        """
        if is_open or key in self._begun or key in self._ended:
            self._refuse(key, int(process, 16))
            raise RepeatedError(_STARTED)

    def begin(self, key: SpanKey, process: str, place: Place) -> None:
        """Note a span that is new, as far as this batch tells."""
        self._begun[key] = int(process, 16), place

    def check_end(self, key: SpanKey, process: str, open_row: Row | None) -> None:
        """Check that a span that ends is open in this process, or was never heard of.

        Raises:
            RepeatedError: it is another's, or has ended.

        """
        process_id = int(process, 16)
        if (process_id, key) in self._repeats or (open_row is not None and writer_of(open_row) != process_id):
            raise RepeatedError(_STARTED)
        if open_row is None and (key in self._begun or key in self._ended):
            raise RepeatedError(_ENDED)
        if key not in self._begun and open_row is not None:
            self._ended.add(key)

    def check(self, body: Row, process: str) -> None:
        """Check that what happened in a span did not happen in one that was refused.

        Raises:
            RepeatedError: it did.

        """
        if self._repeats and (int(process, 16), (body.get("trace"), identity(body, "span"))) in self._repeats:
            raise RepeatedError(_STARTED)

    def settle(self, batch: Batch) -> set[SpanKey]:
        """Take out of the batch what the index holds already, and return which spans that was."""
        repeated = self._known.among(self._begun)
        self._known.add(self._begun.keys() - repeated)
        if repeated:
            self._take_out(repeated, batch)
        self._begun, self._ended = {}, set()
        return repeated

    def _take_out(self, repeated: set[SpanKey], batch: Batch) -> None:
        marked = {}
        for key in repeated:
            process_id, place = self._begun[key]
            self._refuse(key, process_id)
            marked[process_of(place.journal), *key] = [place]
        for table in _OF_SPANS:
            kept = []
            for row, place in batch.rows.get(table, ()):
                places = marked.get((process_of(place.journal), row["trace_id"], row["span_id"]))
                if places is None:
                    kept.append((row, place))
                else:
                    places.append(place)
            batch.rows[table] = kept
        batch.repeated += [(place, _STARTED) for places in marked.values() for place in dict.fromkeys(places)]

    def _refuse(self, key: SpanKey, process_id: int) -> None:
        self._repeats[process_id, key] = None
        if len(self._repeats) > MOST_REPEATS:
            self._repeats.popitem(last=False)


class _KnownSpans:
    """Tells what is in the index already; one query a trace that was not met lately, none for the others."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._spans: OrderedDict[str, set[int]] = OrderedDict()
        self._count = 0

    def among(self, keys: Collection[SpanKey]) -> set[SpanKey]:
        """Return those that the index holds."""
        traces = dict.fromkeys(trace for trace, _ in keys)
        self._learn([trace for trace in traces if trace not in self._spans])
        for trace in traces:
            self._spans.move_to_end(trace)
        return {(trace, span) for trace, span in keys if span in self._spans[trace]}

    def add(self, keys: Collection[SpanKey]) -> None:
        """Note spans that go into the index, of traces that were just asked about."""
        for trace, span in keys:
            self._spans[trace].add(span)
        self._count += len(keys)
        while self._count > MOST_SPANS and len(self._spans) > 1:
            _, forgotten = self._spans.popitem(last=False)
            self._count -= len(forgotten)

    def _learn(self, traces: list[str]) -> None:
        for trace in traces:
            self._spans[trace] = set()
        for at in range(0, len(traces), _TRACES_A_QUERY):
            ids = ", ".join(f"'{trace}'::uuid" for trace in traces[at : at + _TRACES_A_QUERY])
            for table in _TABLES:
                found = self._connection.execute(_SPANS_OF.format(table=table, ids=ids)).fetchall()
                for trace, span in found:
                    self._spans[trace].add(span)
                self._count += len(found)
