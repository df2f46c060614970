"""The initializer of a pool: each worker runs it under the call that made the pool, whichever submission started it."""

import functools
import os
from collections.abc import Callable
from typing import Any

from treadle.lanes import CURRENT, Lane
from treadle.propagation import contexts, travelling
from treadle.propagation.carried import Carried, arrive_as


class Initializer(Carried):
    """Runs an initializer in a worker: threads share one lane, processes have one each, by their number."""

    __slots__ = ("_made_in",)

    def __init__(
        self, function: Callable[..., Any], lane: Lane, context: Any = None, *, made_in: int | None = None
    ) -> None:
        """`made_in` is the process that made the pool, where it is this one or one that this one is forked from."""
        super().__init__(function, lane, context)
        self._made_in = made_in

    def lane(self) -> Lane:
        """Return the lane of this worker."""
        return self._lane if self._made_in == os.getpid() else self._lane.part(_process_number())

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as the initializer and where the pool was made."""
        return travelling.pickled(__name__, self._function, self._lane, self._context)


def arrive(function: Callable[..., Any], *sent: str) -> Callable[..., Any]:
    """Take an initializer from the process that made the pool."""
    return arrive_as(Initializer, function, *sent)


def wrap_pool(pool: Any, *, position: int) -> None:
    """Have a class of pools carry its initializer, the argument of `__init__` at this position behind `self`."""
    original = pool.__init__

    @functools.wraps(original)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - stands in for one
        lane = CURRENT.get()
        if lane is None:
            original(self, *args, **kwargs)
            return
        given = kwargs.get("initializer", args[position] if len(args) > position else None)
        if callable(given):
            carried = Initializer(given, lane.submitted(), made_in=os.getpid())
            if "initializer" in kwargs:
                kwargs["initializer"] = carried
            else:
                args = (*args[:position], carried, *args[position + 1 :])
        with contexts.nobody():
            original(self, *args, **kwargs)

    pool.__init__ = __init__


def _process_number() -> int:
    """Return which of its parent's processes this one is."""
    import multiprocessing.process

    return int(multiprocessing.process.current_process()._identity[-1])  # noqa: SLF001
