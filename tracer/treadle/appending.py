"""One append to a file, without letting other threads run meanwhile.

`os.write` lets go of the interpreter's lock, and a busy program's thread gets it back only after each of the others
had its 5 ms: with sixteen busy threads one call in a hundred took 11 ms, and 0.09 ms with the lock held. A write into
the page cache takes 2 us. Where one once took long, on a disk that stalls, the lock is let go of from then on, and
where there is only one thread, nobody else waits for it.
"""

import ctypes
import os
from _thread import _count as count_other_threads
from collections.abc import Callable
from time import monotonic_ns

SLOW_NS = 200_000_000
"""A processor that is shared may take a thread's turn away for a tenth of that."""

Append = Callable[[int, bytes], int]


def appender() -> Append:
    """Return a function that writes bytes to a descriptor and returns how many it took; it raises OSError."""
    try:
        write = ctypes.PyDLL(None).write
    except (OSError, AttributeError):
        return os.write
    write.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
    write.restype = ctypes.c_ssize_t
    is_slow = False

    def append(descriptor: int, line: bytes) -> int:
        nonlocal is_slow
        if is_slow or not count_other_threads():
            return os.write(descriptor, line)
        began_ns = monotonic_ns()
        written_bytes: int = write(descriptor, line, len(line))
        if monotonic_ns() - began_ns > SLOW_NS:
            is_slow = True
        # Asked again, so that the error is Python's own.
        return written_bytes if written_bytes >= 0 else os.write(descriptor, line)

    return append
