"""A socket that carries frames: the same at the owner's end and at a client's."""

from __future__ import annotations

import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

from treadle_storage.protocol import PREFIX, Frame, decode_frame, decode_prefix, encode_frame

if TYPE_CHECKING:
    from treadle_storage.columns import Columns

_JOIN_BELOW_BYTES = 1 << 16
"""Small frames go in one packet; the pieces of large ones are sent as they lie."""


class Connection:
    """Sends and receives whole frames. A peer that goes away is a `ConnectionError`, whenever it happens."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(self, op: str, /, *, columns: Columns | None = None, **fields: Any) -> None:
        """Send one frame; waits while the peer does not read."""
        self.send_frame(Frame({"op": op, **fields}, columns))

    def send_frame(self, frame: Frame) -> None:
        """Send one frame that is already put together."""
        pieces = encode_frame(frame)
        if sum(map(len, pieces)) < _JOIN_BELOW_BYTES:
            pieces = [b"".join(pieces)]
        try:
            for piece in pieces:
                self._socket.sendall(piece)
        except BlockingIOError as error:  # the limit of `limit_sending`
            raise ConnectionAbortedError("the other end of the owner's socket does not read") from error

    def receive(self) -> Frame:
        """Return the next frame; a StoreError where what comes is not one."""
        header_bytes, body_bytes = decode_prefix(self._exactly(PREFIX.size))
        header = self._exactly(header_bytes)
        return decode_frame(header, self._exactly(body_bytes))

    def set_timeout(self, timeout_s: float | None) -> None:
        """Make every later send and receive fail with TimeoutError after that long; None: wait."""
        self._socket.settimeout(timeout_s)

    def limit_sending(self, timeout_s: int) -> None:
        """Make a send to a peer that does not read for that long fail, without a limit on receiving."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", timeout_s, 0))

    def peer_uid(self) -> int:
        """Return the user id of the process at the other end, as the kernel knows it."""
        return peer_uid(self._socket)

    def hang_up(self) -> None:
        """End both directions, so that a thread that waits in `receive` wakes; `close` later."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # it was never connected, or the peer was quicker
            return

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _exactly(self, size: int) -> bytearray:
        buffer = bytearray(size)
        view = memoryview(buffer)
        at = 0
        while at < size:
            got = self._socket.recv_into(view[at:])
            if not got:
                raise ConnectionResetError("the other end of the owner's socket has gone")
            at += got
        return buffer


def peer_uid(sock: socket.socket) -> int:
    """Return the user id at the other end of a Unix socket, from the kernel."""
    if sys.platform == "darwin":
        # struct xucred of <sys/ucred.h>: version, uid; level SOL_LOCAL, option LOCAL_PEERCRED.
        _, uid = struct.unpack_from("=II", sock.getsockopt(0, 1, 76))
        return int(uid)
    _, uid, _ = struct.unpack("=iII", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)
