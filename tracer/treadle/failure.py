"""What is recorded of an exception: type, message, stack as Python prints it, and the project's own frames.

Only text is kept: no frame, no traceback and no value outlives the call because of it.
"""

import asyncio
import traceback
from typing import Any, TypeAlias

from treadle import signals, tracebacks
from treadle.frames import MOST_FRAMES, entries, project_frames
from treadle.names import writable
from treadle.tracebacks import trace_of
from treadle.values.classes import type_name
from treadle.values.limits import MARGIN
from treadle.values.redact import Redactor

ENDINGS = (GeneratorExit, SystemExit)
"""What ends a call without a failure."""
INTERRUPTIONS = (asyncio.CancelledError, KeyboardInterrupt)
"""What cuts a call short: no failure either, but it has no result."""
HIDDEN_TEXT = "… (hidden)"
MOST_CAUSES = 5
"""Of so many exceptions that led to one the frames are recorded too; the stack has them all."""
MOST_EXCEPTIONS = 50
"""A stack is printed with what led to it and what it groups, unless these are more: Python itself knows no limit."""
MOST_STACK_LINES = 200
MOST_PASSED = 30
"""Through so many calls an exception is described whole: a runaway recursion passes a thousand, which took 5 s."""
BRIEF_STACK_LINES = 10
BRIEF_FRAMES = 2
_HEADER = "Traceback (most recent call last):\n"
LONGEST_MESSAGE = 10_000
LONGEST_STACK = 100_000


Mark: TypeAlias = tuple[int, int, int]


class Passing:
    """Counts through how many calls the newest exception has come by now."""

    __slots__ = ("_count", "_mark")

    def __init__(self) -> None:
        self._mark: Mark = (0, 0, 0)
        self._count = 0

    def is_long_known(self, error: BaseException) -> bool:
        """Count one call more; tell whether the calls below have said all of this exception often enough."""
        mark = mark_of(error)
        self._count = self._count + 1 if mark == self._mark else 0
        self._mark = mark
        return self._count > MOST_PASSED


def describe(
    error: BaseException, redactor: Redactor, *, own_folder: str, hidden: bool = False, brief: bool = False
) -> dict[str, Any]:
    """Return the record of an exception; frames in `own_folder` are the wrappers, and are left out.

    Where it is `hidden`, what the program's values could show in is: messages and locals. Where it is to be `brief`,
    the innermost of the stack is enough.
    """
    innermost, lines = (BRIEF_FRAMES, BRIEF_STACK_LINES) if brief else (MOST_FRAMES, MOST_STACK_LINES)

    def alone(one: BaseException) -> dict[str, Any]:
        frames = project_frames(trace_of(one), redactor, own_folder=own_folder, hidden=hidden, most=innermost)
        message = HIDDEN_TEXT if hidden else _cut(_message(one), redactor, LONGEST_MESSAGE)
        return {"type": error_type(one), "message": message, "frames": frames}

    described = alone(error)
    described["stack"] = _cut(_stack(error, own_folder, hidden, lines), redactor, LONGEST_STACK)
    if causes := _causes(error):
        described["causes"] = [alone(cause) for cause in causes]
    return described


def mark_of(error: BaseException) -> Mark:
    """Return what tells an exception from another at the same address later: where it was raised.

    To hold it would keep it alive, and few exceptions can be referred to weakly.
    """
    trace = trace_of(error)
    if trace is None:
        return id(error), 0, 0
    while trace.tb_next is not None:
        trace = trace.tb_next
    return id(error), id(trace.tb_frame.f_code), trace.tb_lasti


def error_type(error: BaseException) -> str:
    """Return the name of an exception's class as a person writes it."""
    return writable(type_name(type(error)).replace("builtins:", "").replace(":", "."))


def leading_to(error: BaseException) -> list[BaseException]:
    """Return the exceptions that Python would print with this one: causes, contexts and members of groups."""
    return tracebacks.leading_to(error, most=MOST_EXCEPTIONS)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    known = {id(error)}
    while len(found) < MOST_CAUSES:
        cause = tracebacks.cause_of(error)
        if cause is None or id(cause) in known:
            break
        known.add(id(cause))
        found.append(cause)
        error = cause
    return found


def _message(error: BaseException) -> str:
    try:
        return str.__getitem__(str(error), slice(LONGEST_MESSAGE + MARGIN))
    except BaseException as other:  # noqa: BLE001 - the user's __str__ may raise anything, and we are who called it
        signals.pass_on(other)
        return f"(its text could not be read: {type(other).__name__})"


def _stack(error: BaseException, own_folder: str, hidden: bool, lines: int) -> str:
    last = entries(trace_of(error))[-lines:]  # out of a deep recursion, a failure is described at every level
    trace = last[0] if last else None
    if hidden or len(leading_to(error)) > MOST_EXCEPTIONS:
        own = traceback.StackSummary.extract(traceback.walk_tb(trace))
        only = [f"{type(error).__qualname__}\n"] if hidden else traceback.format_exception_only(error)
        return "".join([_HEADER, *_without(own, own_folder).format(), *only])
    whole = traceback.TracebackException(type(error), error, trace, limit=-lines, compact=True)
    waiting = [whole]
    while waiting:
        one = waiting.pop()
        one.stack = _without(one.stack, own_folder)
        waiting += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]
    return "".join(whole.format())


def _without(stack: traceback.StackSummary, own_folder: str) -> traceback.StackSummary:
    return traceback.StackSummary.from_list([frame for frame in stack if not frame.filename.startswith(own_folder)])


def _cut(text: str, redactor: Redactor, longest: int) -> str:
    return writable(redactor.text(text[: longest + MARGIN])[:longest])
