"""Closures, lambdas and nested functions in a replay: today's source of the project, with the recorded cells."""

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treadle.errors import NotReplayableError
from treadle.functions import Traced
from treadle.kinds import EFFECT_KINDS
from treadle.options import DEFAULT_KIND
from treadle.values.classes import is_project_module
from treadle.values.found import find_module
from treadle.values.todays_code import Source, code_in, defaults_in, options_in, source_of
from treadle.wrappers import wrap

if TYPE_CHECKING:
    from treadle.values.revive import Reviver


def revive_closure(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return the function as it is in today's source, bound to what it was bound to, and traced if it was.

    Raises:
        NotReplayableError: it is gone, is not the project's, or needs a variable that was not recorded.

    """
    module_name, _, qualname = tree["v"].partition(":")
    module = find_module(module_name)
    if not is_project_module(module.__name__):
        raise NotReplayableError(f"{tree['v']} is not a function of the project")
    source = source_of(module)
    code = code_in(source, qualname, line=tree["line"], hashed=tree["hash"])
    cells = {name: types.CellType(reviver.value(held)) for name, held in tree["cells"].items()}
    cells |= {name: types.CellType() for name in tree.get("itself", ())}
    function = bound(code, module, cells)
    function.__defaults__ = reviver.value(tree["defaults"]) if "defaults" in tree else None
    function.__kwdefaults__ = reviver.fields(tree["kwdefaults"]) if "kwdefaults" in tree else None
    made: Any = function
    if (traced := tree.get("traced")) is not None:
        made = wrap(traced_again(function, source, name=traced["name"], kind=traced["kind"]))
    for name in tree.get("itself", ()):
        cells[name].cell_contents = made
    return made


def bound(code: types.CodeType, module: types.ModuleType, cells: Mapping[str, types.CellType]) -> types.FunctionType:
    """Return a function of a module over these variables.

    Raises:
        NotReplayableError: today's code uses one that there is not.

    """
    missing = [name for name in code.co_freevars if name not in cells]
    if missing:
        raise NotReplayableError(
            f"{code.co_qualname} uses {missing[0]!r} today, which was not recorded with it: record it anew"
        )
    closure = tuple(cells[name] for name in code.co_freevars)
    return types.FunctionType(code, vars(module), code.co_name, None, closure)


def with_defaults(function: types.FunctionType, source: Source) -> types.FunctionType:
    """Give a function the defaults that stand in its source: for parameters that are newer than its recording."""
    positional, named = defaults_in(source, function.__code__)
    function.__defaults__, function.__kwdefaults__ = positional or None, named or None
    return function


def traced_again(function: types.FunctionType, source: Source, *, name: str, kind: str) -> Traced:
    """Return how a function is traced today; where its source does not show that, by its recorded name and kind.

    An effect whose options cannot be seen counts as one that may not be called again without harm.
    """
    options = options_in(source, function.__code__, function.__globals__)
    if options is None:
        return Traced(function, name=name, kind=kind, idempotent=kind not in EFFECT_KINDS)
    return Traced(function, **{**options, "kind": options.get("kind") or DEFAULT_KIND})
