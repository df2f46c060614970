"""A call is current only while user code of it runs: stretch by stretch, each entered and left in one context."""

from contextvars import Token
from typing import TYPE_CHECKING, Any

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


def leave_block(call: "Call") -> None:
    """Leave a block, which need not be the last that was entered: two generators may each hold one open.

    What is current stays so then, and who leaves it later finds what was current before both.
    """
    lane = call.lane
    assert lane is not None
    assert call.lane_token is not None
    assert call.otel_token is not None
    if CURRENT.get() is not lane:
        lane.before = _old(call.lane_token, None), _old(call.otel_token, current.NOTHING)
        call.lane_token = call.otel_token = None
        return
    leave(call)
    while (before := getattr(CURRENT.get(), "before", None)) is not None:
        CURRENT.set(before[0])
        current.attach(before[1])


def _old(token: Any, default: Any) -> Any:
    return default if token.old_value is Token.MISSING else token.old_value


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
