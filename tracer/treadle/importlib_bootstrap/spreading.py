"""Calls by keywords, or by many positions, written out one argument after another: for Python 3.11.

There `function(*args, **kwargs)` holds every argument until the function returns, and takes a piece of the C stack: a
deep recursion would crash. From 3.12 on it does neither. A call that is written out hands its arguments over.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Callable
from typing import Any

from treadle.tracebacks import restored, trace_of

IS_NEEDED = sys.version_info < (3, 12)
MOST_ARGUMENTS = 20
MOST_FORMS = 10_000
SOURCE = """
def caller(function, take):
    try:
        return function({})
    except BaseException as error:
        restored(error, trace_of(error).tb_next)
        raise
"""


class Callers(dict[tuple[Any, ...], Callable[..., Any] | None]):
    """What calls a function, by the number of positions, the keywords' types and the keywords; None: not to be written.

    The types stand first: a keyword of a class of the user's, an enum's member, may be equal to one that is written.
    """

    def __missing__(self, form: tuple[Any, ...]) -> Callable[..., Any] | None:
        positions, count = form[0], len(form) // 2
        types, names = form[1 : count + 1], form[count + 1 :]
        if positions + count > MOST_ARGUMENTS or len(self) > MOST_FORMS or any(each is not str for each in types):
            return None
        is_writable = all(_is_writable(name) for name in names)
        caller = self[form] = _written(positions, names) if is_writable else None
        return caller


CALLERS = Callers()


def _is_writable(name: str) -> bool:
    """Tell whether a keyword reads as itself in source: Python normalises what is not ASCII, and keeps `__debug__`."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "__debug__"


def _written(positions: int, names: tuple[str, ...]) -> Callable[..., Any]:
    arguments = ["take()"] * positions + [f"{name}=take()" for name in names]
    made: dict[str, Any] = {"restored": restored, "trace_of": trace_of}
    exec(compile(SOURCE.format(", ".join(arguments)), __file__, "exec"), made)  # noqa: S102 - of names alone
    return made["caller"]  # type: ignore[no-any-return]
