"""A call is current only while user code of it runs: stretch by stretch, each entered and left in one context."""

from typing import TYPE_CHECKING

from treadle.lanes import CURRENT, Lane, RemoteCall
from treadle.otel import current

if TYPE_CHECKING:
    from treadle.call import Call


def enter(call: "Call") -> None:
    """Make the call current: user code of it runs from here on."""
    if call.lane is None:
        call.lane = Lane(call)
    call.lane_token = CURRENT.set(call.lane)
    call.otel_token = current.attach(call.context)


def leave(call: "Call") -> None:
    """Make current what was current before.

    A coroutine that is collected in the middle of an await is closed in another context, which never was ours: there
    is nothing to restore in it.
    """
    assert call.lane_token is not None
    assert call.otel_token is not None
    try:
        CURRENT.reset(call.lane_token)
    except ValueError:
        return
    current.detach(call.otel_token)
    call.lane_token = call.otel_token = None


def break_off(call: "Call") -> None:
    """Leave, also where Ctrl-C came in the middle of entering or leaving."""
    above = None if call.parent is None or isinstance(call.parent, RemoteCall) else call.parent
    if call.lane_token is None:
        if call.lane is not None and CURRENT.get() is call.lane:  # made current, and the token was lost
            CURRENT.set(above.lane if above is not None else None)
        return
    try:
        CURRENT.reset(call.lane_token)
    except ValueError:
        return
    except RuntimeError:  # it was reset already
        pass
    if current.captured() is call.context:
        if call.otel_token is not None:
            current.detach(call.otel_token)
        else:
            current.attach(above.context if above is not None else current.NOTHING)
    call.lane_token = call.otel_token = None
