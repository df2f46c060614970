"""Python's own debugger in one call of a replay: at the first line of the function, with its real arguments."""

import inspect
import pdb  # noqa: T100 - what the user asks for
import sys
from collections.abc import Callable
from typing import Any


def stop_in(function: Callable[..., Any]) -> None:
    """Have `pdb` stop in the function when this thread next runs it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return
    debugger = pdb.Pdb()
    debugger.reset()
    debugger.set_break(code.co_filename, code.co_firstlineno, temporary=True, funcname=code.co_name)
    debugger.botframe = sys._getframe()  # noqa: SLF001 - where its own `run` would start from
    debugger.set_continue()
    sys.settrace(debugger.trace_dispatch)
