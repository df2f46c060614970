"""A call is current only while user code of it runs: stretch by stretch, each entered and left in one context."""

from contextvars import Token
from typing import TYPE_CHECKING

from treadle.lanes import CURRENT, Lane, RemoteCall
from treadle.otel import current

if TYPE_CHECKING:
    from treadle.call import Call


class Stretch:
    """What makes one call current, and the tokens by which what was current before becomes so again."""

    __slots__ = ("_lane_token", "_otel_token", "lane")

    def __init__(self) -> None:
        self.lane: Lane | None = None
        self._lane_token: Token[Lane | None] | None = None
        self._otel_token: current.OtelToken | None = None

    def enter(self, call: "Call") -> None:
        """Make the call current."""
        if self.lane is None:
            self.lane = Lane(call)
        self._lane_token = CURRENT.set(self.lane)
        self._otel_token = current.attach(call.handle)

    def leave(self) -> None:
        """Make current what was current before.

        A coroutine that is collected in the middle of an await is closed in another context, which never was ours:
        there is nothing to restore in it.
        """
        assert self._lane_token is not None
        assert self._otel_token is not None
        try:
            CURRENT.reset(self._lane_token)
        except ValueError:
            return
        current.detach(self._otel_token)
        self._lane_token = self._otel_token = None

    def break_off(self, call: "Call") -> None:
        """Leave, also where Ctrl-C came in the middle of entering or leaving."""
        above = None if call.parent is None or isinstance(call.parent, RemoteCall) else call.parent
        if self._lane_token is None:
            if self.lane is not None and CURRENT.get() is self.lane:  # made current, and the token was lost
                CURRENT.set(above.stretch.lane if above is not None else None)
            return
        try:
            CURRENT.reset(self._lane_token)
        except ValueError:
            return
        except RuntimeError:  # it was reset already
            pass
        if current.captured() is call.handle.context:
            if self._otel_token is not None:
                current.detach(self._otel_token)
            else:
                current.attach_context(above.handle.context if above is not None else current.NOTHING)
        self._lane_token = self._otel_token = None

    def made_in(self) -> Lane | None:
        """Return the lane that becomes current again when this one is left."""
        before = self._lane_token.old_value if self._lane_token is not None else None
        return before if isinstance(before, Lane) else None
