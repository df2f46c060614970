"""The chunks of one stream: to disk together at most every 50 ms or 8 KB, digested, and summed at the end.

The sum of texts is their text, of anything else a list. A client patch that knows better gives its own sum.
"""

from collections.abc import Callable
from hashlib import blake2b

import orjson

from treadle.signing import DIGEST_BYTES

PAUSE_NS = 50_000_000
MOST_BYTES = 8_192

Writer = Callable[[list[tuple[int, bytes]]], None]


class Stream:
    """What has come of a stream."""

    __slots__ = ("_digest", "_flushed_at_ns", "_waiting", "_waiting_bytes", "_write", "payloads")

    def __init__(self, write: Writer) -> None:
        self._write = write
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        self._flushed_at_ns = 0
        self._waiting: list[tuple[int, bytes]] = []
        self._waiting_bytes = 0
        self.payloads: list[bytes] = []

    def add(self, at_ns: int, payload: bytes) -> None:
        """Take a chunk, and write what waits when it is time."""
        self.payloads.append(payload)
        self._digest.update(b"%d %b\n" % (at_ns, payload))
        self._waiting.append((at_ns, payload))
        self._waiting_bytes += len(payload)
        if self._waiting_bytes >= MOST_BYTES or at_ns - self._flushed_at_ns >= PAUSE_NS:
            self.flush()
            self._flushed_at_ns = at_ns

    def flush(self) -> None:
        """Write the chunks that wait."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if waiting:
            self._write(waiting)

    def digest(self) -> str:
        """Return the digest over all chunks, as `docs/journal.md` defines it."""
        return self._digest.hexdigest()

    def total(self) -> bytes:
        """Return the tagged JSON of the sum of the chunks."""
        if self.payloads and all(payload[:1] == b'"' for payload in self.payloads):
            return orjson.dumps("".join(orjson.loads(payload) for payload in self.payloads))
        return b"[%b]" % b",".join(self.payloads)
