"""One append to a file, without letting other threads run meanwhile.

`os.write` lets go of the interpreter's lock, and a busy program's thread gets it back only after each of the others
had its 5 ms: with sixteen busy threads one call in a hundred took 11 ms, and 0.09 ms with the lock held. A write into
the page cache takes 2 us. Where it takes long, on a disk that stalls, the lock is let go of from then on, and where
there is only one thread, nobody else waits for it.
"""

import ctypes
import os
from _thread import _count as count_other_threads
from collections.abc import Callable
from time import monotonic_ns

SLOW_NS = 200_000_000
SLOW_IN_A_ROW = 3
"""Once may be no disk: another thread or program may have had its turn between two looks at the clock."""

Append = Callable[[int, bytes], int]


def appender() -> Append:
    """Return a function that writes bytes to a descriptor and returns how many it took; it raises OSError."""
    try:
        write = ctypes.PyDLL(None).write
    except (OSError, AttributeError):
        return os.write
    write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
    write.restype = ctypes.c_ssize_t
    slow_in_a_row = 0

    def append(descriptor: int, line: bytes) -> int:
        nonlocal slow_in_a_row
        if slow_in_a_row >= SLOW_IN_A_ROW or not count_other_threads():
            return os.write(descriptor, line)
        began_ns = monotonic_ns()
        written_bytes: int = write(descriptor, line, len(line))
        slow_in_a_row = slow_in_a_row + 1 if monotonic_ns() - began_ns > SLOW_NS else 0
        # Asked again, so that the error is Python's own.
        return written_bytes if written_bytes >= 0 else os.write(descriptor, line)

    return append
