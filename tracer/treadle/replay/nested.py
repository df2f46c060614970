"""A traced function that was made inside another, or a lambda: today's code, over what it was made over then."""

import types
from collections.abc import Callable
from typing import Any

import orjson

from treadle.errors import NotReplayableError, RefusedError
from treadle.model import Function, RecordedCall
from treadle.replay import reviving
from treadle.replay.holders import traced_beside
from treadle.replay.reviving import revived
from treadle.values.closures import bound, traced_again, with_defaults
from treadle.values.todays_code import Source, code_in, options_in
from treadle.wrappers import wrap


def is_nested(function: Function) -> bool:
    """Tell whether a function's name says that no name finds it."""
    return "<" in function.qualname


def made_again(call: RecordedCall, function: Function, module: types.ModuleType, source: Source) -> Callable[..., Any]:
    """Return the function: over its recorded variables, or, without any, the one that a module holds.

    Raises:
        NotReplayableError: it is gone, or needs a variable that was not recorded.
        RefusedError: nobody signed that it was traced, and its source does not show it.

    """
    if call.cells is None and (held := traced_beside(module, function)) is not None:
        return held
    code = code_in(source, function.qualname, line=function.line, hashed=function.code_hash)
    if not reviving.is_signed and options_in(source, code, vars(module)) is None:
        raise RefusedError(
            f"{function.qualname} is not seen to be traced in {source.file}, and the recording that says so is not "
            "this user's own: it is not run"
        )
    made = with_defaults(bound(code, module, _cells_of(call)), source)
    return wrap(traced_again(made, source, name=call.name, kind=call.kind))


def _cells_of(call: RecordedCall) -> dict[str, types.CellType]:
    if call.cells is None:
        return {}
    held = orjson.loads(call.cells)
    if "$" in held:
        raise NotReplayableError(
            f"what {call.name} was made over is hidden: replay a step above it, or show its inputs"
        )
    return {name: types.CellType(value) for name, value in revived(call.cells).items()}
