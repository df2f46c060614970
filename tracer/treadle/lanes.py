"""Where a call is submitted: dotted numbers under its parent call, the same in every run of the same code.

A lane is one line of control under a call: the call's own body, or a task, thread or process that it submitted. A lane
numbers its calls, and apart from them its submissions, so `2.0` is the first call in what was submitted third. Start
order differs from submission order nearly every time in a pool; this number does not.
"""

import itertools
from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

from treadle.otel import current
from treadle.otel.current import PassedSpan
from treadle.traceparent import TraceContext

if TYPE_CHECKING:
    from treadle.call import Call

MOST_SUBMISSIONS = 10_000
"""Of so many it is noted under one call when they were done: the program of a server submits without end."""


class RemoteCall:
    """A call in another process: all that the calls under it need to know of it."""

    __slots__ = ("around", "span_id", "submissions_done", "trace_id")

    def __init__(self, span_id: str, around: TraceContext) -> None:
        """`around` is OpenTelemetry's current span over there: the call's own, or one that was opened inside it."""
        self.trace_id = around.trace_id
        self.span_id = span_id
        self.around = around
        self.submissions_done: dict[str, int] = {}


class Lane:
    """One line of control under a call."""

    __slots__ = ("_calls", "_prefix", "_submissions", "call")

    def __init__(self, call: "Call | RemoteCall", prefix: str = "") -> None:
        self.call = call
        self._prefix = prefix
        self._calls = itertools.count()
        self._submissions = itertools.count()

    @property
    def place(self) -> str:
        """Where the lane itself is: empty for the body of its call."""
        return self._prefix.rstrip(".")

    def ordinal(self) -> str:
        """Return the place of the next call."""
        return f"{self._prefix}{next(self._calls)}"

    def submitted(self) -> "Lane":
        """Open a lane for a task, thread or process that is submitted now."""
        return self.part(next(self._submissions))

    def part(self, number: int) -> "Lane":
        """Open the lane of this number in a lane that is there to be divided: the item of a map, a worker of a pool."""
        return Lane(self.call, f"{self._prefix}{number}.")

    def done(self, at_ns: int) -> None:
        """Note when what was submitted here was done, as whoever waits for it will see it."""
        if len(self.call.submissions_done) < MOST_SUBMISSIONS:
            self.call.submissions_done[self.place] = at_ns

    def below(self) -> "Iterator[Lane]":
        """Yield this lane, and those that become current again when the calls around it end."""
        lane: Lane | None = self
        while lane is not None:
            yield lane
            lane = lane.call.made_in() if not isinstance(lane.call, RemoteCall) else None

    def next_submission(self) -> int:
        """Take the number of a submission."""
        return next(self._submissions)

    def become(self, submission: int) -> None:
        """Go on as what was submitted under this number: in a forked child, beside the lane in the parent."""
        self._prefix = f"{self._prefix}{submission}."
        self._calls = itertools.count()
        self._submissions = itertools.count()


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

    def part(self, number: int) -> Lane:
        """Open a lane that goes on from call to call."""
        return _Relayed(self, f"{number}.")


class _Relayed(Lane):
    """A lane under the call that a relay is at."""

    __slots__ = ("_relay",)

    def __init__(self, relay: Relay, prefix: str) -> None:
        self._relay = relay
        super().__init__(relay.call, prefix)

    @property
    def call(self) -> "Call | RemoteCall":
        """The call that everything is under now."""
        return self._relay.call

    @call.setter
    def call(self, _: "Call | RemoteCall") -> None:
        """Leave it to the relay which call it is."""

    def part(self, number: int) -> Lane:
        """Open a lane likewise."""
        return _Relayed(self._relay, f"{self._prefix}{number}.")


CURRENT: ContextVar[Lane | None] = ContextVar("treadle_lane", default=None)
"""The lane of the code that runs now; None outside every traced call."""
outermost: Lane | None = None
"""The lane of calls outside every traced call, where the program that started this one said what it runs under."""


class Place:
    """Where a call is made: under which call, as which of its submissions, in which OpenTelemetry context."""

    __slots__ = ("context", "ordinal", "parent")

    def __init__(self) -> None:
        lane = CURRENT.get() or outermost
        self.parent = lane.call if lane is not None else None
        self.ordinal = lane.ordinal() if lane is not None else "0"
        self.context: current.OtelContext | None = None

    def keep_context(self) -> "Place":
        """Remember the OpenTelemetry context too: the call itself begins later, maybe elsewhere."""
        self.context = current.captured()
        return self
