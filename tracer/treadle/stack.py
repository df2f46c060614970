"""Room on the stack: the recursion limit counts our frames too, and the user's program must not notice.

A traced function that calls itself has a frame of ours between every two of its own. So the limit is raised by as many
while a chain of traced calls is that deep, and once by what recording takes at the edge of the user's own stack. What
the program reads of the limit in such depths is off by that; when it sets the limit itself, its value stands.
"""

import os
import sys
import threading

EVERY = 16
"""So many frames of ours inside one another are given room at a time."""
ROOM = 120
"""Frames that recording a call takes at most, with describing its failure."""

_lock = threading.RLock()
"""Taken again by a signal handler or a `__del__` that makes a traced call while it is held."""
_limit = 0
_added = 0
_owed = 0


class Edge:
    """The end of one thread's stack, where recording is given the frames that it needs: once, not once a call.

    A recursion without end must end where it would.
    """

    __slots__ = ("is_widened",)

    def __init__(self) -> None:
        self.is_widened = False

    def widen(self) -> bool:
        """Give room; False where it has been given already."""
        if self.is_widened:
            return False
        self.is_widened = True
        widen(ROOM)
        return True

    def narrow(self) -> None:
        """Take the room back."""
        self.is_widened = False
        narrow(ROOM)


class _Thread(threading.local):
    def __init__(self) -> None:
        self.edge = Edge()


_thread = _Thread()


class Room:
    """The frames that one call was given: with the next so many around it, or at the edge."""

    __slots__ = ("_edge", "_is_wide")

    def __init__(self) -> None:
        self._edge: Edge | None = None
        self._is_wide = False

    def widen(self) -> None:
        """Give room for the calls below."""
        widen(EVERY)
        self._is_wide = True

    def widen_at_edge(self) -> bool:
        """Give room to record this one; False where it has been given already."""
        found = edge()
        if not found.widen():
            return False
        self._edge = found
        return True

    def give_back(self) -> None:
        """Take back what was given."""
        if self._is_wide:
            self._is_wide = False
            narrow(EVERY)
        if self._edge is not None:
            given, self._edge = self._edge, None
            given.narrow()


def edge() -> Edge:
    """Return the end of this thread's stack."""
    return _thread.edge


def widen(frames: int) -> None:
    """Raise the limit by so many frames, in all by at most twice what the program chose, and the room for ourselves."""
    global _limit, _added
    with _lock:
        found = sys.getrecursionlimit()
        if found != _limit:
            _added = 0
        frames = max(0, min(frames, 2 * (found - _added) + ROOM - _added))
        _added += frames
        _limit = found + frames
        sys.setrecursionlimit(_limit)


def narrow(frames: int) -> None:
    """Take so many frames back, unless the program has set the limit since."""
    global _limit, _added, _owed
    with _lock:
        if sys.getrecursionlimit() != _limit:
            _added = _owed = 0
            return
        _owed = min(_owed + frames, _added)
        try:
            sys.setrecursionlimit(_limit - _owed)
        except RecursionError:  # this thread is still deeper than that: a later call takes it back
            return
        _limit -= _owed
        _added -= _owed
        _owed = 0


def settle() -> None:
    """Take back what could not be taken back deeper in the stack."""
    if _owed:
        narrow(0)


def _forget_in_child() -> None:
    """After a fork: another thread may have held the lock, and is not there to let go of it."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_forget_in_child)
