"""The chunks of one stream: each on disk when it came, all digested, and summed at the end.

They are not gathered and written together: what waits in memory is lost with a program that is killed while its stream
hangs, and there the last chunks are what one wants to see. The sum of texts is their text, of anything else a list. A
client patch that knows better gives its own sum.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import orjson

from treadle.signing import DIGEST_BYTES

MOST_KEPT = 16 * 1024 * 1024
"""Bytes of chunks that are summed; the journal has them all."""
Writer = Callable[[int, bytes], None]


class Stream:
    """What has come of a stream."""

    __slots__ = ("_digest", "_kept_bytes", "_write", "count", "payloads")

    def __init__(self, write: Writer) -> None:
        self._write = write
        self._digest = blake2b(digest_size=DIGEST_BYTES)
        self._kept_bytes = 0
        self.count = 0
        self.payloads: list[bytes] = []
        """The first of them, for the sum: a stream may go on for weeks."""

    def add(self, at_ns: int, payload: bytes) -> None:
        """Take a chunk and write it."""
        self._write(at_ns, payload)
        self.count += 1
        if self._kept_bytes <= MOST_KEPT:
            self._kept_bytes += len(payload)
            self.payloads.append(payload[:-1] + payload[-1:])  # orjson's own has room for eight times as much
        self._digest.update(b"%d %b\n" % (at_ns, payload))

    def total(self, encode: Callable[[Any], bytes], *, returned: bytes | None) -> bytes:
        """Return the tagged JSON of the sum, with what the generator returned if that was anything."""
        if self.count == len(self.payloads):
            return total_of(self.payloads, encode, returned=returned)
        first = total_of(self.payloads, encode)
        why = f"{self.count:,} chunks, {len(self.payloads):,} kept"
        return b'{"$":"cut","of":"stream","v":%b,"size":%d,"why":"%b"}' % (first, self.count, why.encode())

    def digest(self) -> str:
        """Return the digest over all chunks, as `docs/journal.md` defines it."""
        return self._digest.hexdigest()


def total_of(payloads: Sequence[bytes], encode: Callable[[Any], bytes], *, returned: bytes | None = None) -> bytes:
    """Return the tagged JSON of the sum of chunks, with what the generator returned if that was anything.

    Texts are encoded anew when they are joined: a secret may have come in two pieces.
    """
    if payloads and all(payload[:1] == b'"' for payload in payloads):
        total = encode("".join(orjson.loads(payload) for payload in payloads))
    else:
        total = b"[%b]" % b",".join(payloads)
    return total if returned is None else b'{"$":"stream","v":%b,"returned":%b}' % (total, returned)
