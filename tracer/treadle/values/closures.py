"""Closures, lambdas and nested functions in a replay: today's source of the project, with the recorded cells."""

import types
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.errors import NotReplayableError
from treadle.functions import code_hash
from treadle.values.classes import is_project_module
from treadle.values.found import find_module

if TYPE_CHECKING:
    from treadle.values.revive import Reviver


def revive_closure(reviver: "Reviver", tree: dict[str, Any]) -> types.FunctionType:
    """Return the function as it is in today's source, bound to what it was bound to.

    Raises:
        NotReplayableError: it is gone, is not the project's, or needs a variable that was not recorded.

    """
    module_name, _, qualname = tree["v"].partition(":")
    module = find_module(module_name)
    if not is_project_module(module.__name__):
        raise NotReplayableError(f"{tree['v']} is not a function of the project")
    code = _code(module, qualname, tree)
    cells = {name: types.CellType(reviver.value(held)) for name, held in tree["cells"].items()}
    cells |= {name: types.CellType() for name in tree.get("itself", ())}
    missing = [name for name in code.co_freevars if name not in cells]
    if missing:
        raise NotReplayableError(f"{tree['v']} uses {missing[0]!r} today, which was not recorded with it")
    defaults = reviver.value(tree["defaults"]) if "defaults" in tree else None
    bound = tuple(cells[name] for name in code.co_freevars)
    function = types.FunctionType(code, vars(module), code.co_name, defaults, bound)
    function.__kwdefaults__ = reviver.fields(tree["kwdefaults"]) if "kwdefaults" in tree else None
    for name in tree.get("itself", ()):
        cells[name].cell_contents = function
    return function


def _code(module: types.ModuleType, qualname: str, tree: dict[str, Any]) -> types.CodeType:
    """Return today's code: of several of one name the unchanged one, else the one nearest to where it was."""
    file = module.__file__
    if file is None or not Path(file).is_file():
        raise NotReplayableError(f"the source of {module.__name__} is gone")
    found = [code for code in _codes_of(file, Path(file).stat().st_mtime_ns) if code.co_qualname == qualname]
    if not found:
        raise NotReplayableError(f"{qualname} is no longer in {file}")
    unchanged = [code for code in found if code_hash(code) == tree["hash"]]
    return min(unchanged or found, key=lambda code: abs(code.co_firstlineno - tree["line"]))


@lru_cache(maxsize=64)
def _codes_of(file: str, _changed_at_ns: int) -> tuple[types.CodeType, ...]:
    try:
        return tuple(_inside(compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)))
    except (OSError, SyntaxError, ValueError) as error:
        raise NotReplayableError(f"{file} does not compile any more: {error}") from error


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inside(constant)
