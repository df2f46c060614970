"""Calls by keywords, or by many positions, written out one argument after another: for Python 3.11.

There `function(*args, **kwargs)` holds every argument until the function returns, and takes a piece of the C stack: a
deep recursion would crash. From 3.12 on it does neither. A call that is written out hands its arguments over.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Callable
from typing import Any

IS_NEEDED = sys.version_info < (3, 12)
MOST_ARGUMENTS = 20
MOST_FORMS = 10_000
SOURCE = """
def caller(function, take):
    try:
        return function({})
    except BaseException as error:
        BaseException.with_traceback(error, error.__traceback__.tb_next)
        raise
"""


class Callers(dict[tuple[Any, ...], Callable[..., Any] | None]):
    """What calls a function, by the number of positions and the keywords; None where that cannot be written."""

    def __missing__(self, form: tuple[Any, ...]) -> Callable[..., Any] | None:
        positions, *names = form
        if positions + len(names) > MOST_ARGUMENTS or len(self) > MOST_FORMS:
            return None
        is_writable = all(_is_writable(name) for name in names)
        caller = self[form] = _written(positions, names) if is_writable else None
        return caller


CALLERS = Callers()


def _is_writable(name: str) -> bool:
    """Tell whether a keyword reads as itself in source: Python normalises what is not ASCII, and keeps `__debug__`."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "__debug__"


def _written(positions: int, names: list[str]) -> Callable[..., Any]:
    arguments = ["take()"] * positions + [f"{name}=take()" for name in names]
    made: dict[str, Any] = {}
    exec(compile(SOURCE.format(", ".join(arguments)), __file__, "exec"), made)  # noqa: S102 - of names alone
    return made["caller"]  # type: ignore[no-any-return]
