"""The one guard: a fault of ours is told once, in one line, and the user's program runs on.

Nothing else in the traced program catches `Exception` on Treadle's behalf.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import TypeVar

from treadle import signals, stack

Result = TypeVar("Result")

_told = False


def attempt(act: Callable[[], Result]) -> Result | None:
    """Return what `act` returns, or None where it raises, which is told once; at the stack's edge it gets more room."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - the guard
        return rescue(error, act)


def rescue(error: Exception, act: Callable[[], Result]) -> Result | None:
    """Do again, with more room, what failed at the edge of the stack; tell of any other error.

    Where that is not enough nothing is told: the program is out of stack itself, and hears so.
    """
    edge = stack.edge()
    if not issubclass(type(error), RecursionError):
        report(error)
    elif edge.widen():
        try:
            return act()
        except RecursionError:
            return None
        except Exception as other:  # noqa: BLE001 - the guard
            report(other)
        finally:
            edge.narrow()
    return None


def report(error: Exception, *, what: str = "this run is not recorded whole: ") -> None:
    """Say once in this process what went wrong, and why; the whole traceback with `TREADLE_DEBUG`.

    What a signal raised goes on. Nothing is said while the interpreter takes itself apart: by then nothing can be
    imported, and nobody waits for a word.
    """
    global _told
    if not sys.meta_path:
        return
    signals.pass_on(error)
    if os.environ.get("TREADLE_DEBUG"):
        with contextlib.suppress(Exception):  # of its own, or of one that led to it
            traceback.print_exception(error)
    if _told or sys.stderr is None:
        return
    _told = True
    try:
        sys.stderr.write(f"treadle: {what}{_text(error)}\n")
    except Exception:  # noqa: BLE001 - whatever the program has put there in the place of its stderr
        return


def _text(error: Exception) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - the user's __str__ may raise anything
        return type(error).__name__
