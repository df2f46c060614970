"""Python's own debugger in one call of a replay: at the first line of the function, with its real arguments."""

import inspect
import pdb  # noqa: T100 - what the user asks for
import sys
from bdb import BdbQuit
from collections.abc import Callable
from types import FrameType
from typing import Any

from treadle.replay.divergence import DivergedError


class Debugger(pdb.Pdb):
    """Ends the replay where it is quit, instead of raising what the program could take for a failure of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._is_on_its_way = True

    def user_line(self, frame: FrameType) -> None:
        """Stop; the breakpoint that led here goes without a word, for it was not the user's."""
        if self._is_on_its_way:
            self._is_on_its_way = False
            self.clear_all_breaks()
        super().user_line(frame)

    def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Trace, until it is quit.

        Raises:
            DivergedError: it was quit.

        """
        try:
            return super().trace_dispatch(frame, event, arg)
        except BdbQuit:
            raise DivergedError("it was quit in the debugger") from None


def stop_in(function: Callable[..., Any]) -> None:
    """Have `pdb` stop in the function when this thread next runs it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return
    debugger = Debugger()
    debugger.reset()
    debugger.set_break(code.co_filename, code.co_firstlineno, funcname=code.co_name)
    debugger.botframe = sys._getframe()  # noqa: SLF001 - where its own `run` would start from
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)
