"""Calls by keywords, or by many positions, written out one argument after another: for Python 3.11.

There `function(*args, **kwargs)` holds every argument until the function returns, and takes a piece of the C stack: a
deep recursion would crash. From 3.12 on it does neither. A call that is written out hands its arguments over.
"""

from __future__ import annotations

import functools
import keyword
import sys
from collections.abc import Callable
from typing import Any

IS_NEEDED = sys.version_info < (3, 12)
MOST_ARGUMENTS = 20
SOURCE = """
def caller(function, take):
    try:
        return function({})
    except BaseException as error:
        error.__traceback__ = error.__traceback__.tb_next
        raise
"""


def caller_for(args: Any, kwargs: Any) -> Callable[..., Any] | None:
    """Return what calls a function with as many positions and these keywords; None where that cannot be written."""
    return _caller(len(args), tuple(kwargs)) if len(args) + len(kwargs) <= MOST_ARGUMENTS else None


@functools.lru_cache(maxsize=1024)
def _caller(positions: int, names: tuple[str, ...]) -> Callable[..., Any] | None:
    if not all(name.isidentifier() and not keyword.iskeyword(name) for name in names):
        return None
    arguments = ["take()"] * positions + [f"{name}=take()" for name in names]
    made: dict[str, Any] = {}
    exec(compile(SOURCE.format(", ".join(arguments)), __file__, "exec"), made)  # noqa: S102 - of names alone
    return made["caller"]  # type: ignore[no-any-return]
