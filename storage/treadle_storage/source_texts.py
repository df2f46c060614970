"""Which of several texts that stood under one file name a function was made of: looked at, never run."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from treadle.functions import code_hash

if TYPE_CHECKING:
    from treadle.model import Function, RecordedSource

_UNREADABLE = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)
"""What compiling a text that anybody wrote can raise."""


def source_that_ran(newest_first: Sequence[RecordedSource], function: Function) -> RecordedSource | None:
    """Return the text that has the function's code at its line; the newest where none is known to have it."""
    by_text: dict[str, RecordedSource] = {}
    for source in newest_first:
        by_text.setdefault(source.text, source)
    if len(by_text) <= 1 or function.code_hash is None:
        return next(iter(newest_first), None)
    for source in by_text.values():
        if any(_is_made_of(code, function) for code in _codes(source.text)):
            return source
    return replace(newest_first[0], is_certain=False)


def _is_made_of(code: types.CodeType, function: Function) -> bool:
    name, line = function.qualname.rpartition(".")[2], function.line
    return code.co_name == name and line in (None, code.co_firstlineno) and code_hash(code) == function.code_hash


def _codes(text: str) -> Iterator[types.CodeType]:
    try:
        waiting = [compile(text, "<kept>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)]
    except _UNREADABLE:
        return
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        yield code
