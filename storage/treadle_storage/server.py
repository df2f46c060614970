"""The owner at work: opens the index, takes clients in, and leaves when nobody has been there for a while."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

from treadle.errors import StoreHeldError, TreadleError
from treadle_storage.connection import Connection
from treadle_storage.conversation import Conversation, Desk
from treadle_storage.index import Index
from treadle_storage.journal_keeping import JournalKeeper
from treadle_storage.memory import bound_memory
from treadle_storage.protocol import Frame, Header, error_header
from treadle_storage.rounds import Ingester
from treadle_storage.starting import HELD_PATIENCE_S
from treadle_storage.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle_storage.election import Election
    from treadle_storage.place import Place

IDLE_S = 30.0
_TICK_S = 0.25
_REFUSAL_S = 1.0
_GOODBYE_S = 5.0

_log = logging.getLogger(__name__)


def serve(election: Election) -> int:
    """Open the index and serve until idle or told to stop; return the exit code."""
    logging.basicConfig(format="%(asctime)s %(process)d %(levelname)s %(message)s", level=logging.INFO)
    # Queries take turns with ingest, which is Python: five times more often than by default.
    sys.setswitchinterval(0.001)
    try:
        index = open_index(election.place)
    except TreadleError as error:
        _log.error("cannot open the store: %s", error)
        refuse_all(election, error)
        return error.exit_code
    bound_memory(index.cursor())
    server = Server(election, index, idle_s=float(os.environ.get("TREADLE_OWNER_IDLE_S", IDLE_S)))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    server.run()
    return 0


def open_index(place: Place, *, patience_s: float = HELD_PATIENCE_S) -> Index:
    """Open the index, waiting a little for a program that holds its file."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return Index(place.store, read_only=place.read_only)
        except StoreHeldError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_TICK_S)


def refuse_all(election: Election, error: TreadleError) -> None:
    """Tell every client that waits why the store cannot be opened, and leave; who comes later starts a new try."""
    election.listener.settimeout(0)
    try:
        while True:
            client, _ = election.listener.accept()
            client.settimeout(_REFUSAL_S)
            _refuse(Connection(client), error)
    except BlockingIOError:
        election.stop_listening()
        election.resign()


def _refuse(connection: Connection, error: TreadleError) -> None:
    try:
        connection.receive()
        connection.send_frame(Frame(error_header(error)))
    except (OSError, TreadleError):  # gone, or not a client
        return
    finally:
        connection.close()


class Server:
    """Takes clients in, each with a thread of its own."""

    def __init__(self, election: Election, index: Index, *, idle_s: float) -> None:
        self._election = election
        self._index = index
        self._idle_s = idle_s
        self._started_ms = time.time_ns() // 1_000_000
        self._idle_since = time.monotonic()
        self._conversations: dict[Conversation, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._waker, self._woken = socket.socketpair()
        self._watchdog = Watchdog()
        self._ingester: Ingester | None = None
        self._keeper: JournalKeeper | None = None
        if not election.place.read_only:
            self._ingester = Ingester(index, is_watched=self._is_watched, on_end=self.stop)
            self._keeper = JournalKeeper(election.place.store, index.indexed, is_caught_up=self._ingester.is_caught_up)
        self._desk = Desk(
            index=index,
            watchdog=self._watchdog,
            store=str(election.place.store),
            version=self._version,
            catch_up=self._catch_up,
            status=self._status,
            has_one_client=self._has_one_client,
            leave=self.stop,
        )

    def run(self) -> None:
        """Serve until idle, told to stop, or no longer elected."""
        _log.info("serving %s", self._election.place.store)
        self._watchdog.start()
        if self._ingester:
            self._ingester.start()
        if self._keeper:
            self._keeper.start()
        try:
            self._accept_all()
        finally:
            self._leave()

    def stop(self) -> None:
        """Have `run` return; from any thread, or a signal's handler."""
        self._stopping.set()
        if self._waker.fileno() >= 0:
            self._waker.send(b".")

    def _accept_all(self) -> None:
        listener = self._election.listener
        listener.settimeout(0)
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self._is_over():
                selector.select(min(_TICK_S, self._idle_s / 4))
                self._accept(listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:  # nobody came, or left again
            return
        client.settimeout(None)
        conversation = Conversation(Connection(client), self._desk)
        thread = threading.Thread(target=self._converse, args=(conversation,), name="client", daemon=True)
        with self._lock:
            self._conversations[conversation] = thread
        thread.start()

    def _converse(self, conversation: Conversation) -> None:
        try:
            conversation.run()
        finally:
            with self._lock:
                del self._conversations[conversation]
                self._idle_since = time.monotonic()

    def _is_over(self) -> bool:
        if self._stopping.is_set():
            return True
        with self._lock:
            idle = not self._conversations and time.monotonic() - self._idle_since > self._idle_s
        return idle or not self._election.stands()

    def _leave(self) -> None:
        self._election.stop_listening()
        with self._lock:
            conversations = dict(self._conversations)
        for conversation in conversations:
            conversation.hang_up()
        for thread in conversations.values():
            thread.join(_GOODBYE_S)
        self._watchdog.stop()
        if self._keeper:
            self._keeper.stop()
        if self._ingester:
            self._ingester.stop()
        self._index.close()
        _log.info("left %s", self._election.place.store)  # before another may be the owner, and write there too
        self._election.resign()
        self._waker.close()
        self._woken.close()

    def _is_watched(self) -> bool:
        with self._lock:
            return any(conversation.is_looking() for conversation in self._conversations)

    def _catch_up(self, patience_s: float, is_given_up: Callable[[], bool]) -> None:
        if self._ingester:
            self._ingester.catch_up(patience_s=patience_s, is_given_up=is_given_up)

    def _has_one_client(self) -> bool:
        with self._lock:
            return len(self._conversations) == 1

    def _version(self) -> int:
        # The next owner counts from its own start, in milliseconds: nobody commits a thousand times a second.
        return self._started_ms + self._index.version

    def _status(self) -> Header:
        standing = self._ingester.standing if self._ingester else None
        with self._lock:
            clients = len(self._conversations)
        return {
            "owner_pid": os.getpid(),
            "clients": clients,
            "version": self._version(),
            "read_only": self._election.place.read_only,
            "backlog_bytes": standing.backlog_bytes if standing else 0,
            "ingest_failure": standing.failure if standing else None,
        }
