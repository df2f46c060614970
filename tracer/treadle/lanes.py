"""Where a call is submitted: dotted numbers under its parent call, the same in every run of the same code.

A lane is one line of control under a call: the call's own body, or a task or thread that it submitted. A lane numbers
its calls, and apart from them its submissions, so `2.0` is the first call in what was submitted third. Start order
differs from submission order nearly every time in a pool; this number does not.
"""

import itertools
from contextvars import ContextVar
from typing import TYPE_CHECKING

from treadle.otel import current
from treadle.otel.current import PassedSpan

if TYPE_CHECKING:
    from treadle.call import Call

MOST_SUBMISSIONS = 10_000
"""Of so many it is noted under one call when they were done: the program of a server submits without end."""


class Lane:
    """One line of control under a call."""

    __slots__ = ("_calls", "_prefix", "_submissions", "call")

    def __init__(self, call: "Call", prefix: str = "") -> None:
        self.call = call
        self._prefix = prefix
        self._calls = itertools.count()
        self._submissions = itertools.count()

    def ordinal(self) -> str:
        """Return the place of the next call."""
        return f"{self._prefix}{next(self._calls)}"

    def submitted(self) -> "Lane":
        """Open a lane for a task or thread that is submitted now."""
        return Lane(self.call, f"{self._prefix}{next(self._submissions)}.")

    def done(self, at_ns: int) -> None:
        """Note when what was submitted here was done, as whoever waits for it will see it."""
        if len(self.call.submissions_done) < MOST_SUBMISSIONS:
            self.call.submissions_done[self._prefix.rstrip(".")] = at_ns


class Relay(Lane):
    """The lane of one call after another: what was submitted under one of them goes on under the next.

    A task or thread that outlives the call that it was made in, as a server does that many tests talk to, would be
    under a call that is long over.
    """

    __slots__ = ("span",)

    def __init__(self, call: "Call") -> None:
        super().__init__(call)
        self.span = PassedSpan()

    def pass_to(self, call: "Call") -> None:
        """Make this call the one that everything is under from now on."""
        self.call = call
        self._calls = itertools.count()
        self._submissions = itertools.count()

    def submitted(self) -> Lane:
        """Open a lane that goes on from call to call."""
        return _Relayed(self, f"{next(self._submissions)}.")


class _Relayed(Lane):
    """A lane under the call that a relay is at."""

    __slots__ = ("_relay",)

    def __init__(self, relay: Relay, prefix: str) -> None:
        self._relay = relay
        super().__init__(relay.call, prefix)

    @property
    def call(self) -> "Call":
        """The call that everything is under now."""
        return self._relay.call

    @call.setter
    def call(self, _: "Call") -> None:
        """Leave it to the relay which call it is."""

    def submitted(self) -> Lane:
        """Open a lane likewise."""
        return _Relayed(self._relay, f"{self._prefix}{next(self._submissions)}.")


CURRENT: ContextVar[Lane | None] = ContextVar("treadle_lane", default=None)
"""The lane of the code that runs now; None outside every traced call."""


class Place:
    """Where a call is made: under which call, as which of its submissions, in which OpenTelemetry context."""

    __slots__ = ("context", "ordinal", "parent")

    def __init__(self) -> None:
        lane = CURRENT.get()
        self.parent = lane.call if lane is not None else None
        self.ordinal = lane.ordinal() if lane is not None else "0"
        self.context: current.OtelContext | None = None

    def keep_context(self) -> "Place":
        """Remember the OpenTelemetry context too: the call itself begins later, maybe elsewhere."""
        self.context = current.captured()
        return self
