"""OTLP files into the store: ordinary records of a journal of the import's own, which the owner ingests.

The same file again adds nothing: the index is asked for the ids of every batch, and a batch is seen by it before the
next is asked for. Imports take turns. Batches are written whole, so an import that was cut off goes on where it was.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from treadle.blobs import Blobs
from treadle_storage.formats.cleaning import Cleaning
from treadle_storage.formats.import_journal import ImportJournal, only_import
from treadle_storage.formats.otlp_files import OtlpFile
from treadle_storage.formats.otlp_spans import span_from, spans_in
from treadle_storage.formats.span_records import SpanRecords
from treadle_storage.formats.tallies import Imported, SkippedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from treadle_storage.formats.otlp_spans import OtlpSpan
    from treadle_storage.store import Store

BATCH_SPANS = 2000
BATCH_BYTES = 8 << 20
REMEMBERED = 1_000_000
"""Spans of this import that are known without the index, should it be behind."""
ASK_TIMEOUT_S = 120.0
PENDING = "it is the beginning of a span that Logfire tells of again at its end"
_PENDING_TYPE = "pending_span"

Key = tuple[str, str]
Placed = tuple["OtlpSpan", str]


def import_files(store: Store, paths: Sequence[Path], *, on_progress: Callable[[int, Imported], None]) -> Imported:
    """Import OTLP files; `on_progress` is told how many bytes of them were read, and what came of that.

    Raises:
        NotFoundError: a file is not there, or cannot be opened; those before it are imported.
        StoreError: the store cannot be written.

    """
    with only_import(store.path):
        return _Import(store, on_progress).run(paths)


class _Import:
    def __init__(self, store: Store, on_progress: Callable[[int, Imported], None]) -> None:
        self._store = store
        self._on_progress = on_progress
        self._done = Imported()
        self._cleaning = Cleaning(store.path)
        self._journal = ImportJournal(store.path)
        self._records = SpanRecords(self._journal, self._cleaning, Blobs(store.path))
        self._written: OrderedDict[int, None] = OrderedDict()
        self._batch: dict[Key, Placed] = {}
        self._batch_bytes = 0
        self._read_bytes = 0

    def run(self, paths: Sequence[Path]) -> Imported:
        before_bytes = 0
        try:
            for path in paths:
                file = OtlpFile(path, self._done.unread)
                for span, place in self._spans(file):
                    self._read_bytes = before_bytes + file.read_bytes
                    self._take(span, place)
                before_bytes += path.stat().st_size
                self._read_bytes = before_bytes
        finally:
            self._flush()
        self._count_refused()
        return self._done

    def _spans(self, file: OtlpFile) -> Iterator[Placed]:
        for piece in file.pieces():
            for held, resource, scope in spans_in(piece.body):
                try:
                    span = span_from(held, resource=resource, scope=scope)
                    _check_whole(span)
                except SkippedError as error:
                    self._done.skipped.note(str(error), piece.place)
                else:
                    yield span, piece.place

    def _take(self, span: OtlpSpan, place: str) -> None:
        key = (span.trace_id, span.span_id)
        if key in self._batch or hash(key) in self._written:
            self._done.known += 1
            return
        self._batch[key] = (span, place)
        self._batch_bytes += _size(span)
        if len(self._batch) >= BATCH_SPANS or self._batch_bytes > BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Write what the index does not know, parents before their children: a trace begins at the first of them."""
        batch, self._batch, self._batch_bytes = self._batch, {}, 0
        if batch:
            known = known_spans(self._store, batch)
            fresh = [placed for key, placed in batch.items() if key not in known]
            self._records.begin_segment()
            written = [lines for span, place in _parents_first(fresh) if (lines := self._lines(span, place))]
            if written:
                self._journal.write([line for lines in written for line in lines])
            self._done.known += len(batch) - len(fresh)
            self._done.spans += len(written)
            self._done.secrets = self._cleaning.secrets
            self._remember(fresh)
        self._on_progress(self._read_bytes, self._done)

    def _lines(self, span: OtlpSpan, place: str) -> list[bytes]:
        try:
            lines = self._records.lines(span)
        except (TypeError, ValueError, RecursionError) as error:  # what JSON has no place for
            self._done.skipped.note(f"it cannot be written as a record: {error}", place)
            return []
        for what in span.mended:
            self._done.mended.note(what, place)
        return lines

    def _remember(self, spans: Iterable[Placed]) -> None:
        self._written |= {hash((span.trace_id, span.span_id)): None for span, _ in spans}
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)

    def _count_refused(self) -> None:
        """Count what the index set aside: it has the last word."""
        for rejected in self._store.status().rejected:
            if rejected.journal.startswith(self._journal.name):
                self._done.skipped.note(f"the index refused a record: {rejected.why}", rejected.journal)


def _check_whole(span: OtlpSpan) -> None:
    if span.attributes.get("logfire.span_type") == _PENDING_TYPE:
        raise SkippedError(PENDING)


def known_spans(store: Store, keys: Iterable[Key]) -> set[Key]:
    """Return which of these spans the store has."""
    wanted = set(keys)
    traces = ", ".join(f"'{trace}'" for trace in sorted({trace for trace, _ in wanted}))
    spans = ", ".join(sorted({str(int(span, 16)) for _, span in wanted}))
    # Ids are hex digits by now: nothing in them can be read as SQL.
    query = _KNOWN.format(traces=traces, spans=spans)
    with store.sql(query, timeout_s=ASK_TIMEOUT_S) as rows:
        return {key for trace, span in rows if (key := (trace, span)) in wanted}


_KNOWN = """
select replace(trace_id::varchar, '-', '') as trace, printf('%016x', span_id) as span
from recorded where trace_id in ({traces}) and span_id in ({spans})
"""


def _parents_first(spans: Sequence[Placed]) -> list[Placed]:
    by_key = {(span.trace_id, span.span_id): (span, place) for span, place in spans}
    ordered: dict[Key, Placed] = {}
    for placed in sorted(spans, key=lambda placed: placed[0].start_ns):
        above: list[Key] = []
        key: Key | None = (placed[0].trace_id, placed[0].span_id)
        while key is not None and key in by_key and key not in ordered and key not in above[-1:]:
            above.append(key)
            parent = by_key[key][0].parent_span_id
            key = (key[0], parent) if parent is not None else None
            if len(above) > len(by_key):  # a circle: only forged or broken spans are in one
                break
        for each in reversed(above):
            ordered.setdefault(each, by_key[each])
    return list(ordered.values())


def _size(span: OtlpSpan) -> int:
    """Return about how many bytes a span's texts have."""
    texts = [value for value in span.attributes.values() if isinstance(value, str)]
    texts += [value for event in span.events for value in event.attributes.values() if isinstance(value, str)]
    return 500 + 100 * len(span.attributes) + 200 * len(span.events) + sum(map(len, texts))
