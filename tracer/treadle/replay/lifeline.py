"""A replaying process ends with the one that asked for it, however that ended: killed, by the machine even.

The parent holds one end of a pipe, and the kernel signals who has the other when it is closed (`F_SETSIG`, `fcntl(2)`,
of Linux): that needs no thread in the replayed program, which may fork, and takes along what that has started.
"""

import contextlib
import fcntl
import os
import select
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def held() -> Iterator[int]:
    """Give the end to hand to the child; it lives no longer than this block does."""
    its_end, own_end = os.pipe()
    try:
        yield its_end
    finally:
        os.close(its_end)
        os.close(own_end)


def hold_on(end: int) -> None:
    """Have this process end, and all of its group where it leads one, when the parent lets go."""
    os.set_inheritable(end, False)  # noqa: FBT003 - it takes it so
    if not hasattr(fcntl, "F_SETSIG"):
        return
    fcntl.fcntl(end, fcntl.F_SETOWN, -os.getpid() if os.getpgrp() == os.getpid() else os.getpid())
    fcntl.fcntl(end, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(end)
    if poll.poll(0):  # it has let go already
        os.kill(os.getpid(), signal.SIGKILL)
