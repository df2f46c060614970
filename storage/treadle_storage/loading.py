"""Rows into the database: through a file that DuckDB reads, the cheapest way in that needs no other library.

One transaction a batch, with the offsets of the journals that it came from: a kill at any point loses nothing and
doubles nothing. A row that the database refuses is found by halving and handed back; the others go in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import orjson

from treadle_storage.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from treadle_storage.assembly import Batch, Place, SpanKey
    from treadle_storage.records import Row

Placed = tuple["Row", "Place"]
_READ_AS = {"JSON": "VARCHAR", "VARIANT": "JSON"}
_REFUSALS = (duckdb.DataError, duckdb.ProgrammingError)
"""Errors that are about a row's values, not about the disk or the database."""
_SMALLEST_OBJECT_LIMIT = 16 * 1024 * 1024
_SAVE_OFFSETS = """
insert into journals by name
select name, read_bytes, finished from read_json($file, format = 'newline_delimited',
  columns = {name: 'VARCHAR', read_bytes: 'BIGINT', finished: 'BOOLEAN'})
on conflict (name) do update set read_bytes = excluded.read_bytes, finished = excluded.finished
"""
_CLOSE_EARLIER = """
delete from open_spans using (
  select trace_id, span_id from read_json($file, format = 'newline_delimited',
    columns = {trace_id: 'UUID', span_id: 'UBIGINT'})
) as ended
where open_spans.trace_id = ended.trace_id and open_spans.span_id = ended.span_id
"""


class Loader:
    """Writes batches; the only writer of the database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        """Take the connection to write with, and the one folder that its statements can read."""
        self._connection = connection
        self._folder = folder
        self._number = 0
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_behind in folder.glob("*.ndjson"):
            left_behind.unlink()

    def load(self, batch: Batch, offsets: Mapping[str, tuple[int, bool]]) -> list[tuple[Place, str]]:
        """Commit a batch with the journals' offsets; return the places of rows that the database refused, and why."""
        refused: list[tuple[Place, str]] = []
        try:
            self._commit(batch, offsets)
        except _REFUSALS:
            for table, rows in batch.rows.items():
                batch.rows[table], bad = self._sifted(table, rows)
                refused += bad
            self._commit(batch, offsets)
        return refused

    def note_rejected(self, rejected: Sequence[tuple[Place, str]]) -> None:
        """Remember which records were set aside."""
        self._connection.executemany(
            "insert into rejected values (?, ?, ?, ?)",
            [(place.journal, place.offset_bytes, place.length_bytes, why) for place, why in rejected],
        )

    def _commit(self, batch: Batch, offsets: Mapping[str, tuple[int, bool]]) -> None:
        self._connection.begin()
        try:
            if batch.closed_earlier:
                self._close(batch.closed_earlier)
            for table, rows in batch.rows.items():
                if rows:
                    self._insert(table, rows)
            self._save_offsets(offsets)
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def _sifted(self, table: str, rows: list[Placed]) -> tuple[list[Placed], list[tuple[Place, str]]]:
        """Part the rows that can be inserted from those that cannot."""
        if not rows:
            return rows, []
        self._connection.begin()
        try:
            self._insert(table, rows)
        except _REFUSALS as error:
            if len(rows) == 1:
                return [], [(rows[0][1], str(error).splitlines()[0])]
        else:
            return rows, []
        finally:
            self._connection.rollback()
        middle = len(rows) // 2
        good, bad = self._sifted(table, rows[:middle])
        more_good, more_bad = self._sifted(table, rows[middle:])
        return good + more_good, bad + more_bad

    def _insert(self, table: str, rows: Sequence[Placed]) -> None:
        lines = [orjson.dumps(row) for row, _ in rows]
        limit = max(_SMALLEST_OBJECT_LIMIT, 2 * max(map(len, lines)))
        self._with_file(lines, INSERTS[table].replace("$limit", str(limit)))

    def _close(self, keys: Sequence[SpanKey]) -> None:
        self._with_file([orjson.dumps({"trace_id": trace, "span_id": span}) for trace, span in keys], _CLOSE_EARLIER)

    def _save_offsets(self, offsets: Mapping[str, tuple[int, bool]]) -> None:
        lines = [
            orjson.dumps({"name": name, "read_bytes": read_bytes, "finished": finished})
            for name, (read_bytes, finished) in offsets.items()
        ]
        if lines:
            self._with_file(lines, _SAVE_OFFSETS)

    def _with_file(self, lines: Sequence[bytes], statement: str) -> None:
        self._number += 1
        path = self._folder / f"{self._number}.ndjson"
        path.write_bytes(b"\n".join(lines) + b"\n")
        try:
            self._connection.execute(statement, {"file": str(path)})
        finally:
            path.unlink()


def _insert_statement(table: str) -> str:
    columns = TABLES[table]
    read_as = ", ".join(f"\"{name}\": '{_READ_AS.get(kind, kind)}'" for name, kind in columns.items())
    cast = ", ".join(
        f'"{name}"::{kind} as "{name}"' if kind in _READ_AS else f'"{name}"' for name, kind in columns.items()
    )
    return (
        f"insert into {table} by name select {cast} "  # noqa: S608 - names from our own table of columns
        f"from read_json($file, format = 'newline_delimited', "
        f"maximum_object_size = $limit, columns = {{{read_as}}})"
    )


INSERTS = {table: _insert_statement(table) for table in TABLES}
