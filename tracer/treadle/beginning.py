"""Where every call begins, guarded: what goes wrong here is told, and the user's call is made all the same."""

from collections.abc import Callable
from typing import Any

from treadle import guard, signals, stack
from treadle.call import Call
from treadle.functions import Traced
from treadle.place import Place, here, kept
from treadle.recorder import recorder
from treadle.replay import decider
from treadle.values import redact

__all__ = ["begin", "kept"]


def begin(
    name: str,
    kind: str,
    held: Callable[[], Any],
    *,
    traced: Traced | None = None,
    place: Place | None = None,
    attributes: dict[str, Any] | None = None,
) -> Call | None:
    """Begin a call with the arguments that `held` returns; None where this process cannot record.

    Raises:
        DivergedError: in a replay, where a call that cannot be decided about must not go live.

    """
    call: Call | None = None
    try:
        writer = recorder()
        if writer is None or redact.thread.is_redacting:
            decider.stop(name, None)
            return None
        place = place or here()
        call = Call(name, kind, traced=traced, place=place, writer=writer)
        if attributes:
            call.attributes = attributes
        call.begin(held, place[2], writer)
    except BaseException as error:
        if not signals.is_fault(error):
            if call is not None:
                call.cut_short(error)
            raise
        if call is not None:
            call.let_go()
        if not (issubclass(type(error), RecursionError) and stack.edge().is_widened):
            guard.report(error)
        decider.stop(name, error)
        return None
    return call
