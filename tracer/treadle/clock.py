"""One clock for a process: the wall clock read once, then the monotonic one, so that time never runs backwards."""

import time
from collections.abc import Callable

_ANCHOR_NS = time.time_ns() - time.monotonic_ns()
_monotonic_ns: Callable[[], int] = time.monotonic_ns


def now_ns() -> int:
    """Return nanoseconds since the Unix epoch, UTC."""
    return _ANCHOR_NS + _monotonic_ns()
