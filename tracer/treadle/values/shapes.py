"""How values of classes that have no table entry of their own are written: by the shape of the class."""

import functools
import sys
import types
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from enum import Flag
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from treadle import signals
from treadle.taught import TAUGHT
from treadle.values import arrays, frames, images, standard
from treadle.values.callables import encode_function, encode_method, encode_partial
from treadle.values.classes import fields_of, held_by, may_be_built, may_be_raised, member_of, shape_of, type_name
from treadle.values.encoders import TAG, Encoder
from treadle.values.field_names import named_fields, written_name
from treadle.values.limits import LONGEST_MESSAGE, MARGIN

if TYPE_CHECKING:
    from treadle.values.walk import Walk

NAMED_SHAPES = frozenset({"object", "dataclass", "attrs", "pydantic", "opaque", "function", "partial", "subclass"})
"""What is recorded by its name in the program where it cannot be recorded by what it holds."""
BUILT_IN_FIELDS = ("filename", "filename2", "name", "path")
"""What exceptions keep beside their arguments and their `__dict__`."""


def recorded_shape(cls: type) -> str:
    """Return how a value of this class is taken apart, in the words of `BY_SHAPE`."""
    exact = _BY_CLASS.get(cls)
    if exact is not None:
        return exact
    for base, shape in _BY_BASE:
        if issubclass(cls, base):
            return shape
    return _of_library(cls) or shape_of(cls)


def _of_library(cls: type) -> str | None:
    """Return the shape of a class of a library that the codec knows, if the program has loaded it."""
    module, _, qualname = type_name(cls).partition(":")
    if f"{module}:{qualname}" in standard.BY_NAME and held_by(sys.modules.get(module)).get(qualname) is cls:
        return f"{module}:{qualname}"
    return arrays.shape_of(cls) or frames.shape_of(cls) or images.shape_of(cls)


def _typed(walk: "Walk", tag: str, value: Any, tree: Any) -> dict[str, Any]:
    """Return the tree of an instance; say so where its class is none that a replay finds and builds."""
    cls = type(value)
    name = type_name(cls)
    if "<locals>" in name:
        walk.refuse(f"{name} was made inside a function and cannot be found again")
    elif not (may_be_raised(cls) if tag == "exception" else may_be_built(cls)):
        walk.refuse(f"{name} is neither the project's nor trusted")
    return {TAG: tag, "type": name, "v": tree}


def _type(walk: "Walk", value: type) -> Any:
    name = type_name(value)
    if "<locals>" in name:
        return walk.opaque(value, "a class made inside a function cannot be found again")
    if not (may_be_built(value) or may_be_raised(value)):
        walk.refuse(f"{name} is neither the project's nor trusted")
    return {TAG: "type", "v": name}


def _enum(walk: "Walk", value: Any) -> Any:
    held = fields_of(value)
    tree = _typed(walk, "enum", value, held["_name_"])
    if isinstance(value, Flag):
        tree["value"] = walk.tree(held["_value_"])
    return tree


def _namedtuple(walk: "Walk", value: Any) -> Any:
    names = member_of(type(value), "_fields")
    return _typed(walk, "namedtuple", value, named_fields(walk, dict(zip(names, tuple.__iter__(value), strict=True))))


def _pydantic(walk: "Walk", value: Any) -> Any:
    held = fields_of(value)
    extra, private, given = (
        held.pop(f"__pydantic_{name}__", None) for name in ("extra", "private", "fields_set")
    )  # fmt: skip
    tree = _typed(walk, "pydantic", value, named_fields(walk, held))
    if extra:
        tree["extra"] = named_fields(walk, dict(extra))
    if private:
        tree["private"] = named_fields(walk, {name: item for name, item in private.items() if item is not None})
    tree["set"] = sorted(written_name(walk, name) for name in given or ())
    return tree


def _dataclass(walk: "Walk", value: Any) -> Any:
    held = fields_of(value)
    names = member_of(type(value), "__dataclass_fields__")
    declared = {name: held.pop(name) for name in names if name in held}
    return _typed(walk, "dataclass", value, named_fields(walk, {**declared, **held}))


def _attrs(walk: "Walk", value: Any) -> Any:
    held = fields_of(value)
    held.pop("_attrs_cached_hash", None)  # of texts it is another one in each process
    return _typed(walk, "attrs", value, named_fields(walk, held))


def _exception(walk: "Walk", value: BaseException) -> Any:
    args = BaseException.args.__get__(value)  # type: ignore[attr-defined]
    tree = _typed(walk, "exception", value, {"args": walk.child("args", list(args))})
    held = dict(fields_of(value))
    for name in BUILT_IN_FIELDS:
        member = member_of(type(value), name)
        if type(member) is types.MemberDescriptorType and (item := member.__get__(value)) is not None:
            held[name] = item
    if held:
        tree["v"]["fields"] = walk.forgiving(lambda: named_fields(walk, held))
    message = _message(value)
    if len(message) > LONGEST_MESSAGE:
        message = walk.redactor.text(message[: LONGEST_MESSAGE + MARGIN])[:LONGEST_MESSAGE]
    tree["message"] = walk.text(message)
    return tree


def _message(error: BaseException) -> str:
    try:
        return str.__getitem__(str(error), _WHOLE)
    except BaseException as other:  # noqa: BLE001 - the user's __str__ may raise anything, and we are who called it
        signals.pass_on(other)
        return f"(its text could not be read: {type_name(type(other))})"


def _subclass(walk: "Walk", value: Any) -> Any:
    cls = type(value)
    read = next(read for base, read in _HELD.items() if issubclass(cls, base))
    tree = _typed(walk, "subclass", value, walk.tree(read(value)))
    if issubclass(cls, defaultdict):
        factory = _FACTORY.__get__(value)
        if factory is not None:
            tree["factory"] = walk.child("default_factory", factory)
    if held := fields_of(value):
        tree["fields"] = named_fields(walk, held)
    return tree


def _object(walk: "Walk", value: Any) -> Any:
    return _typed(walk, "object", value, named_fields(walk, fields_of(value)))


def _taught(walk: "Walk", value: Any) -> Any:
    cls = type(value)
    name = type_name(cls)
    try:
        held = TAUGHT[cls].to_plain(value)
    except BaseException as error:  # noqa: BLE001 - the user's own function may raise anything, SystemExit too
        signals.pass_on(error)
        return walk.opaque(value, f"the codec of {name} raised {type_name(type(error))}: {_message(error)}")
    if "<locals>" in name:
        walk.refuse(f"{name} was made inside a function and cannot be found again")
    return {TAG: "taught", "type": name, "v": walk.tree(held)}


def _module(walk: "Walk", value: types.ModuleType) -> Any:
    walk.refuse("a module is not given from a recording")
    return {TAG: "module", "v": walk.tree(vars(value).get("__name__"))}


def _opaque(walk: "Walk", value: Any) -> Any:
    return walk.opaque(value, f"{type_name(type(value)).replace(':', '.')} has no encoder")


_WHOLE = slice(None)
_FACTORY = vars(defaultdict)["default_factory"]
_HELD: dict[type, Callable[[Any], Any]] = {
    str: lambda value: str.__getitem__(value, _WHOLE),
    bytes: lambda value: bytes.__getitem__(value, _WHOLE),
    float: float.__float__,
    int: int.__int__,
    tuple: lambda value: tuple.__getitem__(value, _WHOLE),
    list: list.copy,
    OrderedDict: lambda value: {key: dict.__getitem__(value, key) for key in OrderedDict.__iter__(value)},
    dict: lambda value: dict(dict.items(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
}
"""What an instance of a subclass really holds, whatever its own methods say: they may lie, or raise."""
_BY_CLASS: dict[type, str] = {
    type: "type",
    types.FunctionType: "function",
    types.BuiltinFunctionType: "function",
    types.MethodType: "method",
    types.ModuleType: "module",
    functools.partial: "partial",
    **standard.BY_CLASS,
}
_BY_BASE: tuple[tuple[type, str], ...] = ((PurePath, "path"), (type, "type"))
BY_SHAPE: dict[str, Encoder] = {
    "path": lambda walk, value: {TAG: "path", "type": type(value).__name__, "v": walk.tree(str(value))},
    "type": _type,
    "function": encode_function,
    "method": encode_method,
    "partial": encode_partial,
    "module": _module,
    "enum": _enum,
    "namedtuple": _namedtuple,
    "pydantic": _pydantic,
    "dataclass": _dataclass,
    "attrs": _attrs,
    "exception": _exception,
    "subclass": _subclass,
    "object": _object,
    "sentinel": lambda _, value: {TAG: "sentinel", "v": type_name(type(value))},
    "taught": _taught,
    "opaque": _opaque,
    **standard.ENCODERS,
    **standard.BY_NAME,
    **arrays.ENCODERS,
    **frames.ENCODERS,
    **images.ENCODERS,
}
