"""The answer to a user's query, as it streams in: a batch at a time, at any size in constant memory."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from treadle.errors import StoreError, UsageError
from treadle_storage.protocol import error_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from treadle_storage.columns import Columns
    from treadle_storage.connection import Connection
    from treadle_storage.link import Link
    from treadle_storage.protocol import Frame


class Rows:
    """Iterates tuples of Python values, once. Closing it before the end stops the query."""

    def __init__(self, link: Link, connection: Connection, first: Frame) -> None:
        assert first.columns is not None
        self.columns: tuple[str, ...] = first.columns.names
        self.types: tuple[str, ...] = first.columns.types
        """DuckDB's names of the columns' types."""
        self._link = link
        self._connection: Connection | None = connection
        self._waiting: Columns | None = self._take(first)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for batch in self.batches():
            yield from batch.iter_rows()

    def batches(self) -> Iterator[Columns]:
        """Yield the rows that are left as columns, some thousand rows at a time."""
        while batch := self._next():
            yield batch

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        return list(self)

    def df(self) -> Any:
        """Return the rows that are left as a pandas DataFrame: pandas is imported here, and nowhere else."""
        try:
            pandas: Any = import_module("pandas")
        except ImportError as error:
            raise UsageError("df() needs pandas: pip install pandas, or iterate the rows") from error
        cells: list[list[Any]] = [[] for _ in self.columns]
        for batch in self.batches():
            for collected, column in zip(cells, batch.columns, strict=True):
                collected.extend(column.cells())
        frame = pandas.DataFrame(dict(enumerate(cells)))
        frame.columns = list(self.columns)
        return frame

    def close(self) -> None:
        """Stop the query, if it still runs."""
        connection, self._connection, self._waiting = self._connection, None, None
        if connection:
            connection.close()  # the owner sees it, and interrupts the query

    def __enter__(self) -> Rows:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def _next(self) -> Columns | None:
        """Return the next batch that has rows."""
        batch, self._waiting = self._waiting, None
        if batch is None and self._connection is not None:
            batch = self._take(self._receive(self._connection))
        return batch if batch is not None and len(batch) else None

    def _receive(self, connection: Connection) -> Frame:
        try:
            return connection.receive()
        except ConnectionError as error:
            self.close()
            raise StoreError("the owner ended while the rows came: these are not all; run the query again") from error
        except BaseException:  # Ctrl-C: the rest of a frame may be in the socket
            self.close()
            raise

    def _take(self, frame: Frame) -> Columns | None:
        """Return a frame's columns; with the last one the connection is free again."""
        if not frame.header.get("more") and self._connection is not None:
            self._link.give_back(self._connection)
            self._connection = None
        if frame.columns is None:
            raise error_from(frame.header)
        return frame.columns
