"""Processes that the program starts: what runs in them hangs under the call that started them.

A process by fork has its parent in memory, and goes on in lanes of its own. One by spawn or forkserver is told by a
ticket in its pickled `Process`, which is looked at before anything of it runs.
"""

import functools
from concurrent.futures import Future
from types import ModuleType
from typing import Any

from treadle import guard
from treadle.clients.importing import when_imported
from treadle.lanes import CURRENT, Lane
from treadle.propagation import contexts, travelling
from treadle.propagation.carried import Carried
from treadle.propagation.initializers import wrap_pool

_TICKET = "_treadle_ticket"


def install() -> None:
    """Wrap the starting points of processes, where the program imports them."""
    when_imported("multiprocessing.process", _wrap_start)
    when_imported("concurrent.futures.process", _wrap_submit)


class _Ticket:
    """Is unpickled first in a process that was spawned, and so makes its main thread run under the call."""

    __slots__ = ("_lane",)

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a submission: a process by fork never gets here, and is counted when it forks."""
        return travelling.pickled(__name__, None, self._lane.submitted())


def arrive(_: None, *sent: str) -> None:
    """Have the code of this process run under the call that started it."""
    guard.attempt(lambda: _enter(*sent))


def _enter(*sent: str) -> None:
    lane = travelling.unpickled(*sent)
    if lane is not None:
        CURRENT.set(lane)
        contexts.attach(contexts.of_remote(lane))


def _wrap_start(module: ModuleType) -> None:
    original = module.BaseProcess.start

    @functools.wraps(original)
    def start(self: Any) -> None:
        lane = CURRENT.get()
        if lane is None:
            original(self)
            return
        vars(self)[_TICKET] = _Ticket(lane)
        try:
            original(self)
        finally:
            vars(self).pop(_TICKET, None)

    module.BaseProcess.start = start


def _wrap_submit(module: ModuleType) -> None:
    pool = module.ProcessPoolExecutor
    original = pool.submit

    @functools.wraps(original)
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        lane = CURRENT.get()
        if lane is None:
            return original(self, fn, *args, **kwargs)  # type: ignore[no-any-return]
        carried = Carried(fn, lane.submitted())
        with contexts.nobody():
            return original(self, carried, *args, **kwargs)  # type: ignore[no-any-return]

    pool.submit = submit
    wrap_pool(pool, position=2)
