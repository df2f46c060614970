"""Instances in a replay: filled with what they held, by nothing but C code of Python's own."""

import enum
import ipaddress
import sys
import types
from array import array
from collections import OrderedDict, defaultdict
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from functools import partial
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from treadle.errors import NotReplayableError
from treadle.taught import TAUGHT
from treadle.values.callables import may_be_called, method_of
from treadle.values.classes import fill, is_dataclass, is_sentinel, member_of, members_of, mro_of
from treadle.values.found import find_class, find_object
from treadle.values.standard import ARRAY_TYPECODES, IP_TYPES

if TYPE_CHECKING:
    from treadle.values.revive import Reviver

TAG = "$"


def time_zoned(_: "Reviver", tree: dict[str, Any]) -> datetime:
    """Return a datetime, with its zone and fold."""
    zone = ZoneInfo(tree["zone"]) if "zone" in tree else None
    value = datetime.fromisoformat(tree["v"]).replace(fold=tree.get("fold", 0))
    return value.replace(tzinfo=zone) if zone else value


def offset(seconds: float) -> timezone:
    """Return the time zone that is so far from UTC."""
    return timezone(timedelta(seconds=seconds))


def path(reviver: "Reviver", tree: dict[str, Any]) -> PurePath:
    """Return a path of the kind that it was, as far as this system has it."""
    pure: dict[str, type[PurePath]] = {"PurePosixPath": PurePosixPath, "PureWindowsPath": PureWindowsPath}
    here = PosixPath if sys.platform != "win32" else Path
    return pure.get(tree["type"], here)(reviver.value(tree["v"]))


def member(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return a member of an enum, by its name, or of a flag, by its bits."""
    cls: Any = _checked(tree, issubclass_of=enum.Enum)
    return cls(reviver.value(tree["value"])) if "value" in tree else cls[tree["v"]]


def namedtuple(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return a named tuple."""
    cls = _checked(tree, issubclass_of=tuple)
    held = reviver.fields(tree["v"])
    return tuple.__new__(cls, [held[name] for name in member_of(cls, "_fields")])


def dataclass(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return an instance of a dataclass."""
    cls = _checked(tree)
    if not is_dataclass(cls):
        raise NotReplayableError(f"{tree['type']} is not a dataclass any more")
    return _filled(cls, reviver.fields(tree["v"]))


def attrs(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return an instance of an attrs class; its hash, where that is remembered, is not known yet."""
    cls = _checked(tree)
    if member_of(cls, "__attrs_attrs__") is None:
        raise NotReplayableError(f"{tree['type']} is not an attrs class any more")
    remembered = {"_attrs_cached_hash": None} if member_of(cls, "_attrs_cached_hash") is not None else {}
    return _filled(cls, {**reviver.fields(tree["v"]), **remembered})


def pydantic(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return a pydantic model, with what it had beside its fields."""
    cls: Any = _checked(tree)
    if not hasattr(cls, "__pydantic_fields__"):
        raise NotReplayableError(f"{tree['type']} is not a pydantic model any more")
    extra = reviver.fields(tree["extra"]) if tree.get("extra") else None
    if extra is None and cls.model_config.get("extra") == "allow":
        extra = {}
    private = reviver.fields(tree["private"]) if tree.get("private") else None
    if private is None and getattr(cls, "__private_attributes__", None):
        private = {}
    beside = {"fields_set": set(tree.get("set", ())), "extra": extra, "private": private}
    return _filled(
        cls, {**reviver.fields(tree["v"]), **{f"__pydantic_{name}__": held for name, held in beside.items()}}
    )


def exception(reviver: "Reviver", tree: dict[str, Any]) -> BaseException:
    """Return an exception; a field that was not recorded is left out."""
    cls = _checked(tree, issubclass_of=BaseException)
    args = reviver.value(tree["v"]["args"])
    error: BaseException = _made(cls, *args)
    _first(cls, "__init__", types.WrapperDescriptorType)(error, *args)
    for name, held in tree["v"].get("fields", {}).items():
        try:
            fill(error, {name: reviver.value(held)})
        except (NotReplayableError, AttributeError, TypeError):
            continue
    return error


def subclass(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return an instance of a class that inherits from a built-in one."""
    cls: Any = _checked(tree)
    base = reviver.value(tree["v"])
    if not issubclass(cls, type(base)):
        raise NotReplayableError(f"{tree['type']} is no {type(base).__name__} any more")
    value = _made(cls) if isinstance(base, list | dict | set) else _made(cls, base)
    if isinstance(value, OrderedDict):
        OrderedDict.update(value, base)
    elif isinstance(base, dict):
        dict.update(value, base)
        if isinstance(value, defaultdict):
            value.default_factory = reviver.value(tree["factory"]) if "factory" in tree else None
    elif isinstance(base, list):
        list.extend(value, base)
    elif isinstance(base, set):
        set.update(value, base)
    fill(value, reviver.fields(tree.get("fields", {})))
    return value


def plain_object(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return an ordinary object of the project."""
    return _filled(_checked(tree), reviver.fields(tree["v"]))


def function(_: "Reviver", tree: dict[str, Any]) -> Any:
    """Return a function of the project, or one that does no harm."""
    found = find_object(tree["v"])
    if type(found) not in (types.FunctionType, types.BuiltinFunctionType):
        raise NotReplayableError(f"{tree['v']} is not a function any more")
    if not may_be_called(found.__module__, found.__qualname__):
        raise NotReplayableError(f"{tree['v']} is not a function of the project")
    return found


def method(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return a method, bound to what it was bound to."""
    owner = reviver.value(tree["self"])
    found = method_of(owner, tree["v"])
    if not isinstance(found, types.FunctionType):
        raise NotReplayableError(f"{type(owner).__qualname__} has no method {tree['v']} any more")
    if not may_be_called(found.__module__, found.__qualname__):
        raise NotReplayableError(f"{found.__module__}:{found.__qualname__} is not a function of the project")
    return types.MethodType(found, owner)


def partially(reviver: "Reviver", tree: dict[str, Any]) -> "partial[Any]":
    """Return a partial."""
    return partial(reviver.value(tree["v"]), *reviver.value(tree["args"]), **reviver.fields(tree["keywords"]))


def taught(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return what the program's own codec makes of what it took apart."""
    name = tree["type"]
    codec = TAUGHT.get(find_object(name))
    if codec is None:
        where = name.partition(":")[0]
        raise NotReplayableError(f"{name} was taught with treadle.codec, which is not called here: call it in {where}")
    return codec.from_plain(reviver.value(tree["v"]))


def sentinel(_: "Reviver", tree: dict[str, Any]) -> Any:
    """Return what says that nothing was given."""
    cls = _checked({"type": tree["v"]})
    if not is_sentinel(cls):
        raise NotReplayableError(f"{tree['v']} is no sentinel")
    return cls()


def _filled(cls: type, fields: dict[str, Any]) -> Any:
    value: Any = object.__new__(cls)
    fill(value, fields)
    return value


def _made(cls: type, *args: Any) -> Any:
    """Make an instance with the `__new__` of the built-in class below, not with one of the project's."""
    return _first(cls, "__new__", types.BuiltinFunctionType)(cls, *args)


def _first(cls: type, name: str, kind: type) -> Any:
    return next(found for ancestor in mro_of(cls) if type(found := members_of(ancestor).get(name)) is kind)


def _checked(tree: dict[str, Any], *, issubclass_of: type = object) -> type:
    cls = find_class(tree["type"])
    if not issubclass(cls, issubclass_of):
        raise NotReplayableError(f"{tree['type']} is no {issubclass_of.__name__}")
    return cls


def _ip(_: "Reviver", tree: dict[str, Any]) -> Any:
    if tree["type"] not in IP_TYPES:
        raise NotReplayableError(f"{tree['type']!r} is no IP address")
    return getattr(ipaddress, tree["type"])(tree["v"])


def _array(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    if tree["type"] not in ARRAY_TYPECODES:
        raise NotReplayableError(f"an array of {tree['type']!r}")
    value: Any = array(tree["type"])
    if value.itemsize != tree["itemsize"]:
        raise NotReplayableError(f"an array of {tree['type']!r} has items of another size on this machine")
    value.frombytes(reviver.raw(tree["v"]))
    return value


def _memory(reviver: "Reviver", tree: dict[str, Any]) -> memoryview:
    data = reviver.raw(tree["v"])
    return memoryview(data if tree["readonly"] else bytearray(data)).cast(tree["format"])


STANDARD = {
    "zone": lambda _, tree: ZoneInfo(tree["v"]),
    "fraction": lambda reviver, tree: Fraction(*reviver.value(tree["v"])),
    "ip": _ip,
    "namespace": lambda reviver, tree: types.SimpleNamespace(**reviver.fields(tree["v"])),
    "mappingproxy": lambda reviver, tree: types.MappingProxyType(reviver.value(tree["v"])),
    "array": _array,
    "memoryview": _memory,
}
