"""`multiprocessing.Pool` and its `ThreadPool`: each task hangs under the call that submitted it, in a lane of its own.

Which worker takes a task is nobody's choice; its number is: that of the submission, and of the task in it.
"""

import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from treadle import crew
from treadle.clients.importing import when_imported
from treadle.clock import now_ns
from treadle.lanes import CURRENT, Lane
from treadle.propagation import contexts
from treadle.propagation.carried import Carried
from treadle.propagation.initializers import wrap_pool


def install() -> None:
    """Wrap the pools, where the program imports them."""
    when_imported("multiprocessing.pool", _wrap)


def _wrap(module: ModuleType) -> None:
    wrap_pool(module.Pool, position=1)
    _wrap_apply(module)
    _wrap_maps(module)
    _wrap_tasks(module)


class _Task(Carried):
    """One task; where the workers are threads, it is counted as the work of a thread pool is."""

    __slots__ = ("_pool",)

    def __init__(self, function: Callable[..., Any], lane: Lane, context: Any, pool: Any) -> None:
        super().__init__(function, lane, context)
        self._pool = pool
        crew.expect_task(pool, pool._processes)  # noqa: SLF001 - how many threads there are

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it, and count it no longer."""
        try:
            return super().__call__(*args, **kwargs)
        finally:
            self._lane.done(now_ns())
            crew.task_done(self._pool)


def _task(module: ModuleType, pool: Any, function: Callable[..., Any], lane: Lane, context: Any) -> Carried:
    if isinstance(pool, module.ThreadPool):
        return _Task(function, lane, context, pool)
    return Carried(function, lane, context)


def _wrap_apply(module: ModuleType) -> None:
    original = module.Pool.apply_async

    @functools.wraps(original)
    def apply_async(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        lane = CURRENT.get()
        if lane is None:
            return original(self, func, *args, **kwargs)
        args, kwargs = _with_callbacks(lane, args, kwargs, behind=2)
        task = _task(module, self, func, lane.submitted(), contexts.captured())
        return original(self, task, *args, **kwargs)

    module.Pool.apply_async = apply_async


def _wrap_maps(module: ModuleType) -> None:
    original = module.Pool._map_async  # noqa: SLF001 - what all maps with callbacks are made of

    @functools.wraps(original)
    def _map_async(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        lane = CURRENT.get()
        if lane is not None:
            args, kwargs = _with_callbacks(lane, args, kwargs, behind=3)
        return original(self, func, *args, **kwargs)

    module.Pool._map_async = _map_async  # noqa: SLF001


def _wrap_tasks(module: ModuleType) -> None:
    """Wrap what makes the tasks of every map: called at once, and run by a thread of the pool's."""
    original = module.Pool._guarded_task_generation  # noqa: SLF001

    @functools.wraps(original)
    def _guarded_task_generation(self: Any, result_job: int, func: Any, iterable: Any) -> Any:
        tasks = original(self, result_job, func, iterable)
        lane = CURRENT.get()
        return tasks if lane is None else _carried(module, self, tasks, lane.submitted(), contexts.captured())

    module.Pool._guarded_task_generation = _guarded_task_generation  # noqa: SLF001


def _carried(module: ModuleType, pool: Any, tasks: Iterator[Any], lane: Lane, context: Any) -> Iterator[Any]:
    take = Carried(lambda: next(tasks, None), lane, context)
    while (task := take()) is not None:
        job, number, function, args, kwargs = task
        if function is not module._helper_reraises_exception:  # noqa: SLF001 - workers know it by identity
            function = _task(module, pool, function, lane.part(number), context)
        yield job, number, function, args, kwargs


def _with_callbacks(
    lane: Lane, args: tuple[Any, ...], kwargs: dict[str, Any], *, behind: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments with their callbacks carried: the two behind so many, or by name."""
    positional = [*args]
    for number in range(behind, len(positional)):
        positional[number] = _callback(positional[number], lane)
    named = {
        name: _callback(value, lane) if name in ("callback", "error_callback") else value
        for name, value in kwargs.items()
    }
    return tuple(positional), named


def _callback(function: Any, lane: Lane) -> Any:
    return Carried(function, lane.submitted()) if callable(function) else function
