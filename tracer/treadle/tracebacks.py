"""What an exception really carries: its class may say something else of it, or raise when it is asked.

They are the getters in C themselves, so that asking takes no frame where the stack ends.
"""

from collections.abc import Callable
from types import TracebackType
from typing import Any

_SLOTS = vars(BaseException)

trace_of: Callable[[BaseException], TracebackType | None] = _SLOTS["__traceback__"].__get__
restored: Callable[[BaseException, TracebackType | None], BaseException] = BaseException.with_traceback
"""Set an exception's traceback, and return it."""
_cause_of: Callable[[BaseException], BaseException | None] = _SLOTS["__cause__"].__get__
_context_of: Callable[[BaseException], BaseException | None] = _SLOTS["__context__"].__get__
_hides_context: Callable[[BaseException], bool] = _SLOTS["__suppress_context__"].__get__
_members_of: Callable[[Any], tuple[BaseException, ...]] = vars(BaseExceptionGroup)["exceptions"].__get__


def cause_of(error: BaseException) -> BaseException | None:
    """Return the exception that Python would show as what led to this one."""
    return _cause_of(error) or (None if _hides_context(error) else _context_of(error))


def leading_to(error: BaseException, *, most: int) -> list[BaseException]:
    """Return this exception and, up to one more than `most`, those that Python would print with it."""
    found = [error]
    known = {id(error)}
    for one in found:
        members = _members_of(one) if issubclass(type(one), BaseExceptionGroup) else ()
        for other in (_cause_of(one), None if _hides_context(one) else _context_of(one), *members):
            if other is not None and id(other) not in known and len(found) <= most:
                known.add(id(other))
                found.append(other)
    return found
