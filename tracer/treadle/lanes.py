"""Where a call is submitted: dotted numbers under its parent call, the same in every run of the same code.

A lane is one line of control under a call: the call's own body, or a task, thread or process that it submitted. A lane
numbers its calls, and apart from them its submissions, so `2.0` is the first call in what was submitted third. Start
order differs from submission order nearly every time in a pool; this number does not.
"""

import itertools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

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

    __slots__ = ("_calls", "_prefix", "_submissions", "before", "call")

    before: "tuple[Lane | None, Any]"
    """What was current before, of a block that was left while a later one was open; else it is not set."""

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

    def next_submission(self) -> int:
        """Take the number of a submission."""
        return next(self._submissions)

    def become(self, submission: int) -> None:
        """Go on as what was submitted under this number: in a forked child, beside the lane in the parent."""
        self._prefix = f"{self._prefix}{submission}."
        self._calls = itertools.count()
        self._submissions = itertools.count()


CURRENT: ContextVar[Lane | None] = ContextVar("treadle_lane", default=None)
"""The lane of the code that runs now; None outside every traced call."""
outermost: Lane | None = None
"""The lane of calls outside every traced call, where the program that started this one said what it runs under."""
