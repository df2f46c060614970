"""Functions, methods, partials and closures: by their names where these find them again, else by code and cells."""

import sys
import types
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from treadle import importlib_bootstrap
from treadle.functions import Traced, cells_of, code_hash
from treadle.names import recorded_module
from treadle.values.classes import is_project_module, member_of, members_of, mro_of, type_name
from treadle.values.encoders import TAG
from treadle.values.field_names import named_fields

if TYPE_CHECKING:
    from treadle.values.walk import Walk

_WRAPPERS_FOLDER = str(Path(importlib_bootstrap.__file__).parent)
TRUSTED_FUNCTIONS = frozenset({"json:dumps", "json:loads"}).union(
    f"builtins:{name}"
    for name in (
        "abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "format", "hash", "hex", "isinstance",
        "issubclass", "iter", "len", "max", "min", "next", "oct", "ord", "pow", "print", "repr", "round", "sorted",
        "sum",
    )
)  # fmt: skip
"""Functions of the standard library that a replay finds: none that opens, imports or runs anything."""
TRUSTED_FUNCTION_MODULES = frozenset({"math"})


def encode_function(walk: "Walk", value: Any) -> Any:
    """Return the tree of a function: its name, or what it was made of where no name finds it."""
    module, qualname = value.__module__, value.__qualname__
    if type(module) is str and _found(module, qualname) is value:
        name = f"{recorded_module(module)}:{qualname}"
        if not may_be_called(module, qualname):
            walk.refuse(f"{name} is not a function of the project")
        return {TAG: "function", "v": name}
    function, traced = _behind(value)
    if type(function) is types.FunctionType and _is_source_at_hand(function):
        tree = _closure(walk, function)
        return tree if traced is None else {**tree, "traced": {"name": traced.name, "kind": traced.kind}}
    where = recorded_module(module) if type(module) is str else "?"
    return walk.opaque(value, f"{where}:{qualname} was made inside a function and cannot be found again")


def encode_method(walk: "Walk", value: types.MethodType) -> Any:
    """Return the tree of a bound method: its name, and what it is bound to."""
    function, owner = value.__func__, value.__self__
    name = function.__name__ if type(function) is types.FunctionType else ""
    if method_of(owner, name) is not function:
        return walk.opaque(value, f"{type_name(type(owner))} has no method of this name")
    if not may_be_called(function.__module__, function.__qualname__):
        walk.refuse(f"{function.__module__}:{function.__qualname__} is not a function of the project")
    return {TAG: "method", "v": name, "self": walk.child("__self__", owner)}


def encode_partial(walk: "Walk", value: "partial[Any]") -> Any:
    """Return the tree of a partial: the function, and what was given to it."""
    return {
        TAG: "partial",
        "v": walk.child("func", value.func),
        "args": walk.items(value.args),
        "keywords": named_fields(walk, dict(value.keywords)),
    }


def may_be_called(module: str, qualname: str) -> bool:
    """Tell whether a replay gives the function of this name to the program."""
    return (
        f"{module}:{qualname}" in TRUSTED_FUNCTIONS or module in TRUSTED_FUNCTION_MODULES or is_project_module(module)
    )


def method_of(owner: Any, name: str) -> Any:
    """Return the function behind the method of an object or class; None where there is none."""
    cls = type(owner)
    if type in mro_of(cls):
        found = member_of(owner, name)
        return found.__func__ if type(found) is classmethod else None
    found = member_of(cls, name)
    return found if type(found) is types.FunctionType else None


def _found(module: str, qualname: str) -> Any:
    """Return what a name finds, without asking any descriptor or `__getattr__`."""
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        if type(found) is types.ModuleType:
            found = vars(found).get(part)
        elif type in mro_of(type(found)):
            found = members_of(found).get(part)
        else:
            return None
    return found.__func__ if type(found) is staticmethod else found


def _behind(value: Any) -> tuple[Any, Traced | None]:
    """Return the user's function behind a wrapper of ours, and how it is traced; of anything else the value itself."""
    traced = vars(value).get("__treadle__") if type(value) is types.FunctionType else None
    is_ours = isinstance(traced, Traced) and value.__code__.co_filename.startswith(_WRAPPERS_FOLDER)
    return (traced.function, traced) if is_ours and traced is not None else (value, None)


def _is_source_at_hand(function: types.FunctionType) -> bool:
    """Tell whether a replay can compile the function: it is in the source file of a module of the project."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    return (
        module is not None
        and is_project_module(function.__module__)
        and function.__globals__ is vars(module)
        and isinstance(file, str)
        and PurePath(function.__code__.co_filename).name == PurePath(file).name
    )


def _closure(walk: "Walk", function: types.FunctionType) -> Any:
    code = function.__code__
    cells = cells_of(function)
    itself = sorted(name for name, held in cells.items() if _behind(held)[0] is function)
    tree: dict[str, Any] = {
        TAG: "closure",
        "v": f"{recorded_module(function.__module__)}:{code.co_qualname}",
        "line": code.co_firstlineno,
        "hash": code_hash(code),
        "cells": walk.fields({name: held for name, held in cells.items() if name not in itself}),
    }
    if itself:
        tree["itself"] = itself
    if function.__defaults__:
        names = code.co_varnames[: code.co_argcount][-len(function.__defaults__) :]
        by_name = walk.fields(dict(zip(names, function.__defaults__, strict=True)))
        tree["defaults"] = {TAG: "tuple", "v": [*by_name.values()]}
    if function.__kwdefaults__:
        tree["kwdefaults"] = walk.fields(dict(function.__kwdefaults__))
    return tree
