"""What a wrapper asks for when its call begins: always something to drive, also where nothing can be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle import loading
from treadle.replay import decider

if TYPE_CHECKING:
    from treadle.functions import Traced


class Silent:
    """Stands in for a call that is not recorded."""

    __slots__ = ("extra_frames",)
    answer = None

    def resume(self) -> None:
        """Do nothing."""

    def suspend(self) -> None:
        """Do nothing."""

    def chunk(self, value: Any) -> None:
        """Do nothing."""

    def end(self, result: Any) -> None:
        """Do nothing."""

    def end_stream(self, *, returned: Any = None, closed: bool = False) -> None:
        """Do nothing."""

    def break_off(self, error: BaseException, *, by_consumer: bool = False) -> None:
        """Do nothing."""


SILENT = Silent()


def begin(traced: Traced, args: Any, kwargs: Any, place: Any = None) -> Any:
    """Begin the call of a traced function, and return its `Call`, or what stands in for one."""
    try:
        calls = loading.calls or loading.loaded()
        started = calls.begin(traced.name, traced.kind, lambda: traced.bind(args, kwargs), traced=traced, place=place)
    except RecursionError:  # the stack is used up: the call itself says so next, from where it would without us
        if decider.decider is not None:
            raise
        return SILENT
    return started or SILENT


def place_of_now() -> Any:
    """Return the place where a generator is made, for when it is first resumed, maybe elsewhere."""
    return loading.loaded().kept()
