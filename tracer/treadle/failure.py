"""What is recorded of an exception: type, message, stack as Python prints it, and the project's own frames.

Only text is kept: no frame, no traceback and no value outlives the call because of it.
"""

import traceback
from typing import Any

from treadle.frames import project_frames
from treadle.frames import writable as writable  # noqa: PLC0414 - what else is written of a failure is made so too
from treadle.values.classes import type_name
from treadle.values.redact import Redactor

HIDDEN_TEXT = "… (hidden)"
MOST_CAUSES = 5
"""Of so many exceptions that led to one the frames are recorded too; the stack has them all."""
MOST_EXCEPTIONS = 50
"""A stack is printed with what led to it and what it groups, unless these are more: Python itself knows no limit."""
MOST_STACK_LINES = 200
_HEADER = "Traceback (most recent call last):\n"
LONGEST_MESSAGE = 10_000
LONGEST_STACK = 100_000
MARGIN = 2_000
"""So much more of a text is looked at than is kept: a secret that is cut at the end must still be known as one."""


def describe(error: BaseException, redactor: Redactor, *, own_folder: str, hidden: bool = False) -> dict[str, Any]:
    """Return the record of an exception; frames in `own_folder` are the wrappers, and are left out.

    Where it is `hidden`, what the program's values could show in is: messages and locals.
    """
    described = _alone(error, redactor, own_folder, hidden)
    described["stack"] = _cut(_stack(error, own_folder, hidden), redactor, LONGEST_STACK)
    if causes := _causes(error):
        described["causes"] = [_alone(cause, redactor, own_folder, hidden) for cause in causes]
    return described


def error_type(error: BaseException) -> str:
    """Return the name of an exception's class as a person writes it."""
    return type_name(type(error)).replace("builtins:", "").replace(":", ".")


def leading_to(error: BaseException) -> list[BaseException]:
    """Return the exceptions that Python would print with this one: causes, contexts and members of groups."""
    found = [error]
    known = {id(error)}
    for one in found:
        members = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        for other in (one.__cause__, None if one.__suppress_context__ else one.__context__, *members):
            if other is not None and id(other) not in known and len(found) <= MOST_EXCEPTIONS:
                known.add(id(other))
                found.append(other)
    return found


def _alone(error: BaseException, redactor: Redactor, own_folder: str, hidden: bool) -> dict[str, Any]:
    return {
        "type": error_type(error),
        "message": HIDDEN_TEXT if hidden else _cut(_message(error), redactor, LONGEST_MESSAGE),
        "frames": project_frames(error.__traceback__, redactor, own_folder=own_folder, hidden=hidden),
    }


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    known = {id(error)}
    while len(found) < MOST_CAUSES:
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None or id(cause) in known:
            break
        known.add(id(cause))
        found.append(cause)
        error = cause
    return found


def _message(error: BaseException) -> str:
    try:
        return str.__getitem__(str(error), slice(LONGEST_MESSAGE + MARGIN))
    except KeyboardInterrupt:
        raise
    except BaseException as other:  # noqa: BLE001 - the user's __str__ may raise anything, and we are who called it
        return f"(its text could not be read: {type(other).__name__})"


def _stack(error: BaseException, own_folder: str, hidden: bool) -> str:
    if hidden or len(leading_to(error)) > MOST_EXCEPTIONS:
        own = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), limit=-MOST_STACK_LINES)
        last = [f"{type(error).__qualname__}\n"] if hidden else traceback.format_exception_only(error)
        return "".join([_HEADER, *_without(own, own_folder).format(), *last])
    whole = traceback.TracebackException(type(error), error, error.__traceback__, limit=-MOST_STACK_LINES, compact=True)
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
