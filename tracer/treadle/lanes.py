"""Where a call is submitted: dotted numbers under its parent call, the same in every run of the same code.

A lane is one line of control under a call: the call's own body, or a task or thread that it submitted. Calls and
submissions of a lane count together, so `2.0` is the first call in what was submitted third. Start order differs from
submission order nearly every time in a pool; this number does not.
"""

import itertools
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.call import Call


class Lane:
    """One line of control under a call."""

    __slots__ = ("_count", "_prefix", "call")

    def __init__(self, call: "Call", prefix: str = "") -> None:
        self.call = call
        self._prefix = prefix
        self._count = itertools.count()

    def ordinal(self) -> str:
        """Return the place of the next call or submission."""
        return f"{self._prefix}{next(self._count)}"

    def submitted(self) -> "Lane":
        """Open a lane for a task or thread that is submitted now."""
        return Lane(self.call, f"{self.ordinal()}.")


CURRENT: ContextVar[Lane | None] = ContextVar("treadle_lane", default=None)
"""The lane of the code that runs now; None outside every traced call."""
