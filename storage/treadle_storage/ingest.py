"""Journals into the index, a bounded piece at a time.

Each call reads what the journals gained, up to their last newline, newest process first, sets bad records aside and
commits the rest with the offsets. Nothing else remembers how far a journal was read, so a call can be cut off anywhere.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from treadle_storage.assembly import Assembler, Place
from treadle_storage.journals import JournalFile, is_writer_alive, line_at, list_journals, read_lines, read_rest
from treadle_storage.loading import Loader
from treadle_storage.long_texts import IndexedTexts
from treadle_storage.once import Once
from treadle_storage.records import RecordError, RepeatedError, parse
from treadle_storage.registry import Registry
from treadle_storage.schema import INGEST_FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from treadle_storage.assembly import Batch

REJECTED_FOLDER = "rejected"
BATCH_BYTES = 3 * 1024 * 1024
"""What one call reads at most: about a thousand spans, 50 ms of work."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What one call did, and what is left."""

    new_spans: int
    """Spans that ended (or were interrupted) and were written."""
    backlog_bytes: int
    """What another call can read at once; a last line that is not finished yet does not count."""
    rejected: int
    """Records that were set aside."""
    changed: bool
    """Whether the index shows anything that it did not show before."""


@dataclass(slots=True)
class _Round:
    """One call's work before it is committed."""

    offsets: dict[str, tuple[int, bool]] = field(default_factory=dict)
    rejected: list[tuple[Place, str]] = field(default_factory=list)
    exhausted: set[str] = field(default_factory=set)
    """Journals that had no whole line left."""
    behind: set[str] = field(default_factory=set)
    """Processes that have lines left to read."""
    read_bytes: int = 0
    backlog_bytes: int = 0


class Ingest:
    """The way from the journals into the database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, store: Path) -> None:
        self._store = store
        self._connection = connection
        self._loader = Loader(connection, store / INGEST_FOLDER)
        self._texts = IndexedTexts(store)
        self._offsets: dict[str, tuple[int, bool]] = {
            name: (read_bytes, finished)
            for name, read_bytes, finished in connection.execute("from journals").fetchall()
        }
        self._resume()

    def run(self, *, limit_bytes: int = BATCH_BYTES) -> Progress:
        """Index what the journals gained, at most about `limit_bytes` of it."""
        journals = [journal for journal in list_journals(self._store) if not self._offset(journal)[1]]
        work = _Round()
        self._texts.read_bytes = 0
        sizes = _sizes(journals)
        for journal in journals:
            try:
                # Of a process that has lines left in one segment, none of the next: it may end what begins in them.
                if journal.process not in work.behind:
                    left_bytes = limit_bytes - work.read_bytes
                    self._read(journal, work, limit_bytes=left_bytes, size_bytes=sizes.get(journal.name, 0))
                if journal.name not in work.exhausted:
                    work.behind.add(journal.process)
                    work.backlog_bytes += journal.size_bytes - self._reached(journal, work)
            except FileNotFoundError:  # pruned meanwhile
                continue
        self._end_the_dead(journals, work)
        batch = self._assembler.flush()
        work.rejected += batch.repeated
        return self._commit(batch, work)

    def _resume(self) -> None:
        """Start, or start anew after a failed commit, from what the database holds."""
        open_rows = {}
        for start_row, first_chunk_ns in self._connection.execute(_OPEN_ROWS).fetchall():
            row = orjson.loads(start_row)
            if first_chunk_ns is not None:
                row["first_chunk_ns"] = first_chunk_ns
            open_rows[row["trace_id"], row["span_id"]] = row
        self._assembler = Assembler(Registry(self._connection), open_rows, self._texts.load, Once(self._connection))

    def _offset(self, journal: JournalFile) -> tuple[int, bool]:
        return self._offsets.get(journal.name, (0, False))

    def _reached(self, journal: JournalFile, work: _Round) -> int:
        return work.offsets.get(journal.name, self._offset(journal))[0]

    def _read(self, journal: JournalFile, work: _Round, *, limit_bytes: int, size_bytes: int) -> None:
        if limit_bytes <= 0:
            return
        offset_bytes = self._offset(journal)[0]
        here_bytes = min(limit_bytes, size_bytes - offset_bytes)
        lines = read_lines(journal, offset_bytes=offset_bytes, limit_bytes=here_bytes) if here_bytes > 0 else b""
        reached_bytes = self._take_lines(journal, lines, offset_bytes, work)
        if lines:
            work.offsets[journal.name] = (reached_bytes, False)
            work.read_bytes += reached_bytes - offset_bytes
        took_all = reached_bytes == offset_bytes + len(lines) and len(lines) < limit_bytes
        if took_all and not read_lines(journal, offset_bytes=reached_bytes, limit_bytes=limit_bytes):
            work.exhausted.add(journal.name)

    def _take_lines(self, journal: JournalFile, lines: bytes, offset_bytes: int, work: _Round) -> int:
        """Take lines until there are no more, or so many long texts that came with them; return the offset reached."""
        for line in _split(lines):
            if self._texts.read_bytes > BATCH_BYTES:
                break
            if line != b"\n":
                place = Place(journal.name, offset_bytes, len(line))
                try:
                    self._assembler.take(parse(line), journal.process, place, is_people=journal.is_people)
                except RecordError as error:
                    if not isinstance(error, RepeatedError):
                        self._set_aside(place, line)
                    work.rejected.append((place, str(error)))
            offset_bytes += len(line)
        return offset_bytes

    def _end_the_dead(self, journals: list[JournalFile], work: _Round) -> None:
        """Close the journals whose writer is gone and that are read to the end; their open spans never will be."""
        for journal in journals:
            try:
                rest = self._rest_of_dead(journal, work)
            except FileNotFoundError:
                continue
            if rest is None:
                continue
            offset_bytes = self._reached(journal, work)
            if rest:
                self._take_lines(journal, rest + b"\n", offset_bytes, work)
            work.offsets[journal.name] = (offset_bytes + len(rest), True)
            # Asked after the lock was found free: a writer names its next segment before it lets go of the last.
            if journal.next_segment is None:
                self._assembler.interrupt(journal.process, Place(journal.name, offset_bytes, 0))

    def _rest_of_dead(self, journal: JournalFile, work: _Round) -> bytes | None:
        """Return what stands after a dead journal's last newline; None while it lives or has lines to read."""
        if journal.name not in work.exhausted or self._texts.read_bytes > BATCH_BYTES or is_writer_alive(journal):
            return None
        rest = read_rest(journal, offset_bytes=self._reached(journal, work))
        return None if b"\n" in rest else rest

    def _set_aside(self, place: Place, line: bytes) -> None:
        folder = self._store / REJECTED_FOLDER
        folder.mkdir(exist_ok=True, mode=0o700)
        (folder / f"{place.journal}@{place.offset_bytes}").write_bytes(line)

    def _commit(self, batch: Batch, work: _Round) -> Progress:
        changed = bool(batch.rows or batch.closed_earlier or work.rejected)
        if changed or work.offsets:
            try:
                work.rejected += self._load(batch, work)
            except BaseException:
                self._resume()
                raise
            self._offsets |= work.offsets
        return Progress(
            new_spans=len(batch.rows.get("finished", ())),
            backlog_bytes=work.backlog_bytes,
            rejected=len(work.rejected),
            changed=changed,
        )

    def _load(self, batch: Batch, work: _Round) -> list[tuple[Place, str]]:
        batch.rows["rejected"] = [(_rejected_row(place, why), place) for place, why in work.rejected]
        refused = self._loader.load(batch, work.offsets)
        if refused:
            for place, _ in refused:
                self._set_aside_again(place)
            self._loader.note_rejected(refused)
        return refused

    def _set_aside_again(self, place: Place) -> None:
        """Keep the line of a row that the database refused."""
        self._set_aside(place, line_at(self._store, *place))


def _sizes(journals: list[JournalFile]) -> dict[str, int]:
    """Return up to where the journals are read this time.

    Later segments are measured first: what ends within the size of one has begun within those of the ones before.
    """
    sizes: dict[str, int] = {}
    for journal in reversed(journals):
        with suppress(FileNotFoundError):
            sizes[journal.name] = journal.size_bytes
    return sizes


_OPEN_ROWS = """
select start_row, (
  select min(at_ns) from event_rows
  where event_rows.trace_id = open_spans.trace_id and event_rows.span_id = open_spans.span_id and name = 'chunk'
) from open_spans
"""


def _rejected_row(place: Place, why: str) -> dict[str, object]:
    return {
        "journal": place.journal, "offset_bytes": place.offset_bytes, "length_bytes": place.length_bytes, "why": why,
    }  # fmt: skip


def _split(lines: bytes) -> list[bytes]:
    """Split at newlines only: `bytes.splitlines` splits at carriage returns too."""
    return [line + b"\n" for line in lines.split(b"\n")[:-1]]
