"""Python's own debugger in one call of a replay: at the first line of the function, with its real arguments."""

import inspect
import pdb  # noqa: T100 - what the user asks for
import sys
from bdb import BdbQuit
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from treadle.recording import OWN_FOLDER
from treadle.replay.divergence import DivergedError

_RUNNERS = tuple(
    str(Path(OWN_FOLDER, *path)) for path in (("importlib_bootstrap",), ("program.py",), ("replay", "target.py"))
)
"""What calls the user's functions and runs their programs."""


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

    def stop_here(self, frame: FrameType) -> bool:
        """Tell whether a step ends here: in no wrapper, and in nothing that it does for itself."""
        return bool(super().stop_here(frame)) and _is_the_programs(frame)

    def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
        """Trace, until it is quit.

        Raises:
            DivergedError: it was quit.

        """
        try:
            return super().trace_dispatch(frame, event, arg)
        except BdbQuit:
            raise DivergedError("it was quit in the debugger") from None


def _is_the_programs(frame: FrameType) -> bool:
    """Tell whether a frame runs for the program: what of ours is nearest above it does nothing but run its code."""
    if frame.f_code.co_filename.startswith(OWN_FOLDER):
        return False
    above = frame.f_back
    while above is not None and not above.f_code.co_filename.startswith(OWN_FOLDER):
        above = above.f_back
    return above is None or above.f_code.co_filename.startswith(_RUNNERS)


def stop_in(function: Callable[..., Any]) -> None:
    """Have `pdb` stop in the function when this thread next runs it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return
    debugger = Debugger()
    debugger.reset()
    debugger.set_break(code.co_filename, code.co_firstlineno, funcname=code.co_name)
    debugger.botframe = _outermost()
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)


def _outermost() -> FrameType:
    """Return the frame below all others: the debugger shows where an exception stopped it only if it finds this one."""
    frame = sys._getframe()  # noqa: SLF001 - as the debugger itself looks for it
    while frame.f_back is not None:
        frame = frame.f_back
    return frame
