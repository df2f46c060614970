"""Turns of the event loop: how far apart calls ended, for whoever saw several of them done at once.

The waiter of a call runs some turns after its end: `asyncio.wait` two, and two more for each task in between. What else
has ended by then it sees too. So turns are counted from the end of a call on, by a `call_soon` that arms itself again
for a while: numbers of one thousand are of one burst, and tell how many turns lie between; other calls ended far apart.
"""

import asyncio
import itertools

WATCHED = 6
"""So many turns after the last end a burst is over."""
BURST = 1_000
"""So many numbers each burst has; the first begins at this one."""

_bursts = itertools.count(1)
_open: dict[asyncio.AbstractEventLoop, "_Burst"] = {}


class _Burst:
    """Turns that are counted."""

    __slots__ = ("left", "number")

    def __init__(self) -> None:
        self.number = next(_bursts) * BURST
        self.left = WATCHED


def of_running_loop() -> int | None:
    """Return the number of the turn that runs in this thread; None outside an event loop."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented for frameworks; the public one raises instead
    if loop is None:
        return None
    burst = _open.get(loop)
    if burst is None:
        for closed in [each for each in tuple(_open) if each.is_closed()]:  # other threads have loops of their own
            _open.pop(closed, None)
        burst = _open[loop] = _Burst()
        loop.call_soon(_next, loop, burst)
    burst.left = WATCHED
    return burst.number


def turns_between(one: int, other: int) -> int | None:
    """Return how many turns after the first of two the other was; None where they were far apart, or it was before."""
    if one < BURST or one // BURST != other // BURST or other < one:
        return 0 if one == other else None
    return other - one


def task_name() -> str | None:
    """Return the name of the task that runs in this thread; None outside of one."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - as above
    if loop is None:
        return None
    task = asyncio.current_task(loop)
    return task.get_name() if task is not None else None


def _next(loop: asyncio.AbstractEventLoop, burst: _Burst) -> None:
    burst.number += 1
    burst.left -= 1
    if burst.left > 0 and burst.number % BURST < BURST - 1:
        loop.call_soon(_next, loop, burst)
    else:
        _open.pop(loop, None)
