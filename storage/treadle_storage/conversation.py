"""One client's conversation with the owner.

A thread reads, so that a cancel or a hang-up is noticed while a question runs; another answers, with a DuckDB cursor
of its own.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from treadle.errors import QueryError, StoreError, TreadleError
from treadle_storage.failures import explained
from treadle_storage.memory import is_memory_spent
from treadle_storage.parameters import decoded
from treadle_storage.protocol import PROTOCOL, Frame, Header, error_header, version_misfit
from treadle_storage.requests import check_request, timeout_of
from treadle_storage.user_sql import stream
from treadle_storage.watchdog import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle_storage.columns import Columns
    from treadle_storage.connection import Connection
    from treadle_storage.watchdog import Watchdog

FRESH_PATIENCE_S = 20.0
"""How long a question that wants everything indexed waits for a backlog, before it is answered from what there is."""
FIRST_PATIENCE_S = 1.0
LOOKING_S = 2.0
"""A client that asked for the version within this time looks at the store as it grows."""
_HELLO_TIMEOUT_S = 10.0
_SEND_TIMEOUT_S = 600
_TOO_LARGE = (
    "this needs more memory than the owner of a store may take: ask for less at a time, or set TREADLE_MEMORY_LIMIT "
    "(1GB where it is not set) for the next owner"
)

_log = logging.getLogger(__name__)


class AskedIndex(Protocol):
    """The part of the index that answers."""

    def ask(self, question: str, args: dict[str, Any], cursor: Any) -> Columns: ...  # noqa: D102
    def cursor(self) -> Any: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Desk:
    """What every conversation of an owner shares."""

    index: AskedIndex
    watchdog: Watchdog
    store: str
    version: Callable[[], int]
    catch_up: Callable[[float, Callable[[], bool]], None]
    """Have the journals indexed, waiting that many seconds at most, or until that is so."""
    status: Callable[[], Header]
    has_one_client: Callable[[], bool]
    leave: Callable[[], None]
    """Make room for another owner."""


@dataclass(frozen=True, slots=True)
class _Request:
    header: Header
    watch: Watch


class Conversation:
    """Greets one client, answers its questions one after the other, and ends with it."""

    def __init__(self, connection: Connection, desk: Desk) -> None:
        self._connection = connection
        self._desk = desk
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._latest: _Request | None = None
        self._last_look = float("-inf")
        self._is_first = True

    def run(self) -> None:
        """Serve the client until it goes away."""
        try:
            if self._greet():
                self._converse()
        except OSError:  # the client has gone, or hangs
            return
        except StoreError:
            _log.exception("a client sent what is not a message")
        finally:
            self._connection.close()

    def hang_up(self) -> None:
        """End the conversation from outside."""
        self._connection.hang_up()

    def is_looking(self) -> bool:
        """Tell whether the client watches the store grow."""
        return time.monotonic() - self._last_look < LOOKING_S

    def _greet(self) -> bool:
        connection = self._connection
        connection.set_timeout(_HELLO_TIMEOUT_S)
        refusal = self._refusal(connection.receive().header)
        if refusal:
            connection.send_frame(Frame(refusal))
            if refusal.get("leaving"):
                self._desk.leave()
            return False
        connection.send("hello", protocol=PROTOCOL, pid=os.getpid(), store=self._desk.store)
        connection.set_timeout(None)
        connection.limit_sending(_SEND_TIMEOUT_S)
        return True

    def _refusal(self, hello: Header) -> Header | None:
        peer_uid = self._connection.peer_uid()
        if peer_uid != os.geteuid():
            return error_header(
                StoreError(f"the owner of {self._desk.store} serves its own user only, not uid {peer_uid}")
            )
        if hello.get("op") != "hello" or hello.get("protocol") != PROTOCOL:
            error = version_misfit(self._desk.store, os.getpid(), PROTOCOL, hello.get("protocol"))
            return {**error_header(error), "leaving": self._desk.has_one_client()}
        return None

    def _converse(self) -> None:
        answering = threading.Thread(target=self._answer_all, name="answering", daemon=True)
        answering.start()
        try:
            while True:
                header = self._connection.receive().header
                if header.get("op") != "cancel":
                    self._latest = _Request(header, Watch(timeout_of(header)))
                    self._requests.put(self._latest)
                elif self._latest is not None:
                    self._latest.watch.cancel()
                    self._desk.watchdog.look()
        finally:
            if self._latest is not None:
                self._latest.watch.cancel()
                self._desk.watchdog.look()
            self._requests.put(None)
            answering.join()

    def _answer_all(self) -> None:
        cursor = self._desk.index.cursor()
        try:
            while request := self._requests.get():
                self._answer(request, cursor)
                if request.header.get("op") == "sql" and is_memory_spent():
                    _log.info("leaving: a query took more memory than can be had again")
                    self._desk.leave()
                if request.watch.is_due():
                    # An interrupt may have hit the end of its transaction: go on with a clean one.
                    cursor.close()
                    cursor = self._desk.index.cursor()
        except ConnectionError:  # the client has gone, or has not read for ten minutes
            return
        finally:
            self._connection.hang_up()
            cursor.close()

    def _answer(self, request: _Request, cursor: duckdb.DuckDBPyConnection) -> None:
        # Told to the client when what comes is none of the errors below; its traceback then goes to the log.
        failure: TreadleError | None = _fault(request.header)
        try:
            self._dispatch(request, cursor)
            failure = None
        except TreadleError as error:
            failure = error
        except duckdb.Error as error:
            failure = self._translated(error, request)
        except ConnectionError:
            failure = None
            raise
        except MemoryError:
            failure = QueryError(_TOO_LARGE)
        except OSError as error:
            failure = StoreError(f"{request.header.get('question')} could not be answered: {error}")
        finally:
            if failure:
                self._connection.send_frame(Frame(error_header(failure)))

    def _dispatch(self, request: _Request, cursor: duckdb.DuckDBPyConnection) -> None:
        header = request.header
        check_request(header)
        if header.get("op") not in ("version", "leave"):
            self._catch_up(request)
        match header.get("op"):
            case "ask":
                self._ask(request, cursor)
            case "sql":
                self._sql(request, cursor)
            case "version":
                self._last_look = time.monotonic()
                self._connection.send("version", version=self._desk.version())
            case "status":
                self._connection.send("status", **self._desk.status())
            case "leave":
                self._connection.send("leaving")
                self._desk.leave()
            case unknown:
                raise StoreError(f"the owner of {self._desk.store} knows no request {unknown!r}")

    def _catch_up(self, request: _Request) -> None:
        if request.header.get("fresh"):
            self._desk.catch_up(FRESH_PATIENCE_S, request.watch.is_due)
        elif self._is_first:
            self._desk.catch_up(FIRST_PATIENCE_S, request.watch.is_due)
        self._is_first = False

    def _ask(self, request: _Request, cursor: duckdb.DuckDBPyConnection) -> None:
        header, watch = request.header, request.watch
        with self._desk.watchdog.over(watch, cursor), watch.running():
            columns = self._desk.index.ask(header["question"], header["args"], cursor)
        self._connection.send("answer", columns=columns)

    def _sql(self, request: _Request, cursor: duckdb.DuckDBPyConnection) -> None:
        header, watch = request.header, request.watch
        over = self._desk.watchdog.over(watch, cursor)
        with over, closing(stream(cursor, header["query"], decoded(header.get("params")))) as batches:
            more = True
            while more:
                with watch.running():
                    batch, more = next(batches)
                self._connection.send("batch", more=more, columns=batch)

    def _translated(self, error: duckdb.Error, request: _Request) -> TreadleError | None:
        if isinstance(error, duckdb.InterruptException):
            reason = request.watch.reason()
            if reason is None:  # the owner is leaving: the client, cut off, asks the next one
                self.hang_up()
            return reason
        if isinstance(error, duckdb.FatalException | duckdb.InternalException):
            _log.exception("the database cannot be used any more")
            self._desk.leave()
        if request.header.get("op") == "sql":
            is_out = isinstance(error, duckdb.OutOfMemoryException) and "max_temp_directory_size" not in str(error)
            return QueryError(_TOO_LARGE if is_out else explained(error))
        _log.exception("%s could not be answered", request.header.get("question"))
        return StoreError(f"{request.header.get('question')} could not be answered: {explained(error)}")


def _fault(header: Header) -> StoreError:
    asked = header.get("question") or header.get("op")
    return StoreError(f"a fault in Treadle itself: {asked!r} failed in the owner; owner.log in the store says where")
