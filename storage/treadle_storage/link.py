"""A client's link to the owner: a few connections, shared by its threads, that outlive the owner.

Every question only reads, so one whose owner was killed is asked again, of the next owner, and nobody notices.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from treadle.errors import StoreError
from treadle_storage.protocol import error_from
from treadle_storage.starting import connect

if TYPE_CHECKING:
    from treadle_storage.columns import Columns
    from treadle_storage.connection import Connection
    from treadle_storage.place import Place
    from treadle_storage.protocol import Frame

_TRIES = 5
"""An owner that dies five times over one question dies of it."""


class Link:
    """Asks the owner of one store; safe to use from many threads at once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._connecting = threading.Lock()
        """One thread starts the owner, the others find it started."""
        self._idle: list[Connection] = []
        self._pid = os.getpid()
        self._is_closed = False

    def ask(self, question: str, args: dict[str, Any], *, fresh: bool, timeout_s: float) -> Columns:
        """Return the answer to a question, as columns."""
        frame = self.exchange("ask", question=question, args=args, fresh=fresh, timeout_s=timeout_s)
        assert frame.columns is not None
        return frame.columns

    def exchange(self, op: str, /, **fields: Any) -> Frame:
        """Send a request and return the one frame that answers it; raise the error where that is one."""
        connection, frame = self.begin(op, **fields)
        self.give_back(connection)
        return frame

    def begin(self, op: str, /, **fields: Any) -> tuple[Connection, Frame]:
        """Send a request, return the first frame of the answer and the connection, which is now the caller's.

        The caller gives it back after the answer's last frame, or closes it, which cancels the request.
        """
        for _ in range(_TRIES):
            connection = self._take()
            try:
                connection.send(op, **fields)
                frame = connection.receive()
            except ConnectionError:
                connection.close()
                self._drop_idle()  # their owner has gone as well
                continue
            except BaseException:  # Ctrl-C among them: half an answer may be in the socket
                connection.close()
                raise
            if frame.header.get("op") == "error":
                self.give_back(connection)
                raise error_from(frame.header)
            return connection, frame
        raise StoreError(
            f"the owner of {self._place.store} ended {_TRIES} times over this request: {self._place.log} says why"
        )

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request."""
        with self._lock:
            if not self._is_closed and self._pid == os.getpid():
                self._idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close the connections; one that is in use is closed when it comes back."""
        with self._lock:
            self._is_closed = True
        self._drop_idle()

    def _take(self) -> Connection:
        with self._lock:
            if self._is_closed:
                raise StoreError(f"{self._place.store} was closed: open it again")
            if self._pid != os.getpid():  # forked: the sockets are the parent's, two must not talk on one
                self._pid = os.getpid()
                for connection in self._idle:
                    connection.close()
                self._idle.clear()
            if self._idle:
                return self._idle.pop()
        with self._connecting:
            return connect(self._place)

    def _drop_idle(self) -> None:
        with self._lock:
            dropped, self._idle = self._idle, []
        for connection in dropped:
            connection.close()
