"""Turns of the event loop: calls that end in the same turn are seen together by whoever waits for both.

A turn's number is given at the first end in it, and taken back by a `call_soon` that runs at the start of the next.
"""

import asyncio
import itertools

_numbers = itertools.count()
_open: dict[asyncio.AbstractEventLoop, int] = {}


def of_running_loop() -> int | None:
    """Return the number of the turn that runs in this thread; None outside an event loop."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - documented for frameworks; the public one raises instead
    if loop is None:
        return None
    number = _open.get(loop)
    if number is None:
        number = _open[loop] = next(_numbers)
        loop.call_soon(_open.pop, loop, None)
    return number


def task_name() -> str | None:
    """Return the name of the task that runs in this thread; None outside of one."""
    loop = asyncio._get_running_loop()  # noqa: SLF001 - as above
    if loop is None:
        return None
    task = asyncio.current_task(loop)
    return task.get_name() if task is not None else None
