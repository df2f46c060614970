"""How values of each type are written as tagged JSON: one table by exact type, one by the shape of a class."""

import math
import types
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Flag
from pathlib import PurePath
from re import Pattern
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from treadle.names import recorded_module
from treadle.values.classes import shape_of, slots_of, type_name

if TYPE_CHECKING:
    from treadle.values.encode import Walk

TAG = "$"
LONGEST_BYTES = 10_000_000
LONGEST_MESSAGE = 1_000_000
SMALLEST_INT, LARGEST_INT = -(2**63), 2**64 - 1

Encoder = Callable[[Any, Any], Any]
"""Takes the walk and a value, and returns its tree."""


def recorded_shape(cls: type) -> str:
    """Return how a value of this class is taken apart, in the words of `BY_SHAPE`."""
    for base, shape in _BY_BASE:
        if issubclass(cls, base):
            return shape
    return shape_of(cls)


def writable(text: str) -> Any:
    """Tag a string that UTF-8 cannot hold: an escaped lone surrogate would make readers reject the line."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return {TAG: "str", "v": b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return text


def _itself(_: "Walk", value: Any) -> Any:
    return value


def _int(_: "Walk", value: int) -> Any:
    return value if SMALLEST_INT <= value <= LARGEST_INT else {TAG: "int", "v": hex(value)}


def _float(_: "Walk", value: float) -> Any:
    return value if math.isfinite(value) else {TAG: "float", "v": repr(value)}


def _list(walk: "Walk", value: list[Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    if (cut := walk.enter(value)) is not None:
        return cut
    try:
        return walk.items(value)
    finally:
        walk.leave(value)


def _dict(walk: "Walk", value: dict[Any, Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    if (cut := walk.enter(value)) is not None:
        return cut
    try:
        return _inside_dict(walk, value)
    finally:
        walk.leave(value)


def _inside_dict(walk: "Walk", value: dict[Any, Any]) -> Any:
    if TAG not in value and all(map(walk.is_plain_key, value)):
        return walk.fields(value)
    return {
        TAG: "dict",
        "v": [[walk.tree(key), walk.child(str(key), item)] for key, item in list(value.items())],
    }


def _sequence(tag: str) -> Encoder:
    def encode_sequence(walk: "Walk", value: Any) -> Any:
        if walk.is_too_long(value):
            return walk.cut_items(value)
        return walk.nested(value, lambda: {TAG: tag, "v": walk.items(value)})

    return encode_sequence


def _set(tag: str) -> Encoder:
    def encode_set(walk: "Walk", value: Any) -> Any:
        if walk.is_too_long(value):
            return walk.cut_items(value)
        return walk.nested(value, lambda: {TAG: tag, "v": sorted(walk.items(value), key=_sort_key)})

    return encode_set


def _sort_key(tree: Any) -> bytes:
    return orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)


def _deque(walk: "Walk", value: deque[Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    return walk.nested(value, lambda: {TAG: "deque", "v": walk.items(value), "maxlen": value.maxlen})


def _bytes(tag: str) -> Encoder:
    def encode_bytes(walk: "Walk", value: Any) -> Any:
        if len(value) > LONGEST_BYTES:
            return walk.cut_bytes(value)
        return walk.secret_bytes(value) or {TAG: tag, "v": b64encode(value).decode()}

    return encode_bytes


def _datetime(walk: "Walk", value: datetime) -> Any:
    if value.tzinfo is None or type(value.tzinfo) is timezone:
        return {TAG: "datetime", "v": value.isoformat(), **({"fold": 1} if value.fold else {})}
    zone = getattr(value.tzinfo, "key", None)
    if zone is None:
        return walk.opaque(value, f"the time zone {type(value.tzinfo).__qualname__} has no encoder")
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return {TAG: "datetime", "v": naive, "zone": zone, **({"fold": 1} if value.fold else {})}


def _time(walk: "Walk", value: time) -> Any:
    if value.tzinfo is not None and type(value.tzinfo) is not timezone:
        return walk.opaque(value, f"the time zone {type(value.tzinfo).__qualname__} has no encoder")
    return {TAG: "time", "v": value.isoformat()}


def _type(walk: "Walk", value: type) -> Any:
    if "<locals>" in value.__qualname__:
        return walk.opaque(value, "a class made inside a function cannot be found again")
    return {TAG: "type", "v": type_name(value)}


def _function(walk: "Walk", value: Any) -> Any:
    qualname, module = getattr(value, "__qualname__", ""), getattr(value, "__module__", None)
    if module is None or "<" in qualname:
        name = f"{module}:{qualname}"
        walk.refuse(f"{name} was made inside a function and cannot be found again")
        return {TAG: "opaque", "type": "builtins:function", "why": "made inside a function", "repr": name}
    return {TAG: "function", "v": f"{recorded_module(module)}:{qualname}"}


def _method(walk: "Walk", value: types.MethodType) -> Any:
    return {TAG: "method", "v": value.__func__.__name__, "self": walk.child("__self__", value.__self__)}


def _pattern(walk: "Walk", value: Pattern[Any]) -> Any:
    return {TAG: "regex", "v": walk.tree(value.pattern), "flags": int(value.flags)}


def _enum(_: "Walk", value: Any) -> Any:
    tree = {TAG: "enum", "type": type_name(type(value)), "v": value.name}
    if isinstance(value, Flag):
        tree["value"] = value.value
    return tree


def _namedtuple(walk: "Walk", value: Any) -> Any:
    return _typed("namedtuple", value, walk.fields(dict(zip(value._fields, value, strict=True))))


def _pydantic(walk: "Walk", value: Any) -> Any:
    tree = _typed("pydantic", value, walk.fields(dict(value.__dict__)))
    if extra := getattr(value, "__pydantic_extra__", None):
        tree["extra"] = walk.fields(extra)
    if private := getattr(value, "__pydantic_private__", None):
        tree["private"] = walk.fields({name: held for name, held in private.items() if held is not None})
    tree["set"] = sorted(getattr(value, "__pydantic_fields_set__", ()))
    return tree


def _dataclass(walk: "Walk", value: Any) -> Any:
    held = slots_of(value)
    declared = {field.name: held.pop(field.name) for field in fields(value) if field.name in held}
    return _typed("dataclass", value, walk.fields({**declared, **held}))


def _exception(walk: "Walk", value: BaseException) -> Any:
    tree = _typed("exception", value, {"args": walk.child("args", list(value.args))})
    if held := {name: item for name, item in vars(value).items() if name != "__notes__"}:
        before = walk.why
        tree["v"]["fields"] = walk.fields(held)
        walk.why = before
    tree["message"] = walk.text(str(value)[:LONGEST_MESSAGE])
    return tree


def _subclass(walk: "Walk", value: Any) -> Any:
    for base, held in _HELD.items():
        if isinstance(value, base):
            tree = _typed("subclass", value, walk.tree(held(value)))
            if isinstance(value, defaultdict) and value.default_factory is not None:
                tree["factory"] = walk.child("default_factory", value.default_factory)
            return tree
    return walk.opaque(value, f"{type_name(type(value))} has no encoder")


def _object(walk: "Walk", value: Any) -> Any:
    return _typed("object", value, walk.fields(slots_of(value)))


def _sentinel(_: "Walk", value: Any) -> Any:
    return {TAG: "sentinel", "v": type_name(type(value))}


def _opaque(walk: "Walk", value: Any) -> Any:
    return walk.opaque(value, f"{type_name(type(value)).replace(':', '.')} has no encoder")


def _typed(tag: str, value: Any, tree: Any) -> dict[str, Any]:
    return {TAG: tag, "type": type_name(type(value)), "v": tree}


LEAVES: dict[type, Encoder] = {
    int: _int,
    bool: _itself,
    type(None): _itself,
    float: _float,
}
EXACT: dict[type, Encoder] = {
    list: _list,
    dict: _dict,
    tuple: _sequence("tuple"),
    set: _set("set"),
    frozenset: _set("frozenset"),
    deque: _deque,
    bytes: _bytes("bytes"),
    bytearray: _bytes("bytearray"),
    datetime: _datetime,
    date: lambda _, value: {TAG: "date", "v": value.isoformat()},
    time: _time,
    timedelta: lambda _, value: {TAG: "timedelta", "v": [value.days, value.seconds, value.microseconds]},
    timezone: lambda _, value: {TAG: "timezone", "v": value.utcoffset(None).total_seconds()},
    Decimal: lambda _, value: {TAG: "decimal", "v": str(value)},
    UUID: lambda _, value: {TAG: "uuid", "v": str(value)},
    complex: lambda walk, value: {TAG: "complex", "v": [walk.tree(value.real), walk.tree(value.imag)]},
    range: lambda _, value: {TAG: "range", "v": [value.start, value.stop, value.step]},
    type(...): lambda _, _value: {TAG: "ellipsis", "v": None},
    Pattern: _pattern,
    type: _type,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _function,
    types.MethodType: _method,
    types.ModuleType: lambda _, value: {TAG: "module", "v": value.__name__},
}
_WHOLE = slice(None)
_HELD: dict[type, Callable[[Any], Any]] = {
    str: lambda value: str.__getitem__(value, _WHOLE),
    bytes: lambda value: bytes.__getitem__(value, _WHOLE),
    float: float.__float__,
    int: int.__int__,
    tuple: lambda value: tuple.__getitem__(value, _WHOLE),
    list: list.copy,
    dict: lambda value: dict(dict.items(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    set: lambda value: set(set.__iter__(value)),
}
"""What an instance of a subclass really holds, whatever its own methods say: they may lie, or raise."""
_BY_BASE: tuple[tuple[type, str], ...] = ((PurePath, "path"), (type, "type"))
BY_SHAPE: dict[str, Encoder] = {
    "path": lambda walk, value: {TAG: "path", "type": type(value).__name__, "v": walk.tree(str(value))},
    "type": _type,
    "enum": _enum,
    "namedtuple": _namedtuple,
    "pydantic": _pydantic,
    "dataclass": _dataclass,
    "exception": _exception,
    "subclass": _subclass,
    "object": _object,
    "sentinel": _sentinel,
    "opaque": _opaque,
}
