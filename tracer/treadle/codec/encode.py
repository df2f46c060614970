"""Values to tagged JSON: readable without importing anything, revivable into the same types.

One walk does everything that must be done before a call goes on: it tags, redacts, bounds and says what cannot be
revived. Exact built-in types are looked up in one table; other classes are sorted once and remembered.
"""

import math
import types
from base64 import b64encode
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Flag
from hashlib import blake2b
from itertools import islice
from pathlib import PurePath
from re import Pattern
from typing import Any
from uuid import UUID

import orjson

from treadle.codec.classes import Shape, shape_of, slots_of, type_name
from treadle.codec.redact import Redactor, is_secret_name, mask
from treadle.names import recorded_module

TAG = "$"
DEEPEST = 80
LONGEST_TEXT = 1_000_000
MOST_ITEMS = 200_000
MOST_VALUES = 5_000_000
LONGEST_BYTES = 10_000_000
KEPT_ITEMS = 1_000
LONGEST_REPR = 200
_SMALLEST_INT, _LARGEST_INT = -(2**63), 2**64 - 1


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tagged JSON, and why it cannot be revived where it cannot."""

    payload: bytes
    why: str | None


def encode(value: Any, redactor: Redactor) -> Encoded:
    """Return the tagged JSON of any value; never raises for what a value's own code does."""
    walk = Walk(redactor)
    tree = walk.tree(value)
    return Encoded(orjson.dumps(tree), walk.why)


class Walk:
    """One pass over one value."""

    __slots__ = ("_items", "_open", "_path", "_redactor", "_values", "why")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._open: set[int] = set()
        self._path: list[str] = []
        self._items = 0
        self._values = 0
        self.why: str | None = None

    def tree(self, value: Any) -> Any:
        """Return the value as plain JSON types and tagged objects."""
        encoder = _EXACT.get(type(value))
        if encoder is not None:
            return encoder(self, value)
        return self._of_class(value)

    def child(self, key: str, value: Any) -> Any:
        """Return the tree of what stands under a key of its parent."""
        encoder = _LEAVES.get(type(value))
        if encoder is not None:
            if type(value) is str and value and is_secret_name(key):
                return self.secret(value)
            return encoder(self, value)
        self._path.append(key)
        try:
            return self.tree(value)
        finally:
            self._path.pop()

    def nested(self, value: Any, encode_inside: Callable[[], Any]) -> Any:
        """Guard a container against cycles, depth and size, and encode what is inside."""
        self._items += 1
        identity = id(value)
        if identity in self._open:
            return self.cut(value, "a cycle")
        if len(self._open) >= DEEPEST:
            return self.cut(value, f"deeper than {DEEPEST}")
        if self._items > MOST_ITEMS:
            return self.cut(value, f"more than {MOST_ITEMS:,} containers")
        self._open.add(identity)
        try:
            return encode_inside()
        finally:
            self._open.discard(identity)

    def secret(self, text: str) -> Any:
        """Replace a secret by the variable that holds it, or by a leaf that cannot be revived."""
        variable = self._redactor.variable(text)
        if variable is not None:
            return {TAG: "env", "v": variable}
        self.refuse("a secret, which was not recorded")
        return {TAG: "secret", "v": mask(text)}

    def text(self, text: str) -> Any:
        """Return a string, redacted, bounded, and free of lone surrogates."""
        if len(text) > LONGEST_TEXT:
            return self.cut_text(text)
        if (variable := self._redactor.variable(text)) is not None:
            return {TAG: "env", "v": variable}
        shown = self._redactor.text(text)
        if shown is not text and shown != text:
            self.refuse("a secret, which was not recorded")
            return {TAG: "secret", "v": _writable(shown)}
        return text if text.isascii() else _writable(text)

    def cut_text(self, text: str) -> Any:
        """Keep the beginning of a long text, its length, and the digest of all of it."""
        self.refuse(f"cut: {len(text):,} characters, {LONGEST_TEXT:,} kept")
        whole = blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        return {
            TAG: "cut",
            "of": "str",
            "v": _writable(self._redactor.text(text[:LONGEST_TEXT])),
            "size": len(text),
            "digest": whole,
        }

    def cut_bytes(self, value: bytes | bytearray) -> Any:
        """Keep the length of long bytes, and the digest of all of them."""
        self.refuse(f"cut: {len(value):,} bytes")
        whole = blake2b(value, digest_size=16).hexdigest()
        why = f"{len(value):,} bytes"
        return {TAG: "cut", "of": type(value).__name__, "v": None, "size": len(value), "digest": whole, "why": why}

    def cut_items(self, values: Collection[Any]) -> Any:
        """Keep the first items of a collection that is too long."""
        why = f"{len(values):,} items, {KEPT_ITEMS:,} kept"
        self.refuse(f"cut: {why}")
        first: Any = list(islice(values.items() if isinstance(values, dict) else values, KEPT_ITEMS))
        kept = self.fields({str(key): value for key, value in first}) if isinstance(values, dict) else self.items(first)
        return {TAG: "cut", "of": type_name(type(values)), "v": kept, "size": len(values), "why": why}

    def is_too_long(self, values: Collection[Any]) -> bool:
        """Count the values inside a collection; tell whether there are more than can be written."""
        self._values += len(values)
        if self._values <= MOST_VALUES:
            return False
        self._values -= len(values)
        return True

    def cut(self, value: Any, why: str) -> Any:
        """Stand in for a container that is not followed."""
        self.refuse(f"cut: {why}")
        return {TAG: "cut", "of": type_name(type(value)), "v": None, "why": why}

    def opaque(self, value: Any, why: str) -> Any:
        """Stand in for a value that cannot be revived: its type, why, and how it shows itself."""
        self.refuse(why)
        return {TAG: "opaque", "type": type_name(type(value)), "why": why, "repr": self._repr(value)}

    def refuse(self, why: str) -> None:
        """Remember the first reason why this value cannot be revived, with its path."""
        if self.why is None:
            where = ".".join(self._path)
            self.why = f"{where}: {why}" if where else why

    def fields(self, held: dict[str, Any]) -> dict[str, Any]:
        """Return the trees of named fields."""
        return {name: self.child(name, value) for name, value in held.items()}

    def items(self, values: Any) -> list[Any]:
        """Return the trees of a sequence."""
        exact = _EXACT
        out = []
        for value in values:
            encoder = exact.get(type(value))
            out.append(encoder(self, value) if encoder is not None else self._of_class(value))
        return out

    def _of_class(self, value: Any) -> Any:
        cls = type(value)
        shape = _SHAPES.get(cls)
        if shape is None:
            shape = _SHAPES[cls] = _shape_of(cls)
        try:
            return self.nested(value, lambda: _BY_SHAPE[shape](self, value))
        except (RecursionError, MemoryError):
            return self.cut(value, "too large to walk")
        except Exception as error:  # noqa: BLE001 - a value's own code may raise anything, and must not reach the user
            return self.opaque(value, f"{cls.__qualname__} raised {type(error).__name__} when it was read")

    def _repr(self, value: Any) -> str:
        try:
            text = repr(value)
        except Exception as error:  # noqa: BLE001 - as above
            return f"<{type(value).__qualname__}, whose repr raised {type(error).__name__}>"
        return str(_writable(self._redactor.text(text[:LONGEST_REPR])))


def _shape_of(cls: type) -> Shape | str:
    for base, shape in _BY_BASE:
        if issubclass(cls, base):
            return shape
    return shape_of(cls)


def _writable(text: str) -> Any:
    """Tag a string that UTF-8 cannot hold: an escaped lone surrogate would make readers reject the line."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return {TAG: "str", "v": b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return text


def _itself(_: Walk, value: Any) -> Any:
    return value


def _int(_: Walk, value: int) -> Any:
    return value if _SMALLEST_INT <= value <= _LARGEST_INT else {TAG: "int", "v": hex(value)}


def _float(_: Walk, value: float) -> Any:
    return value if math.isfinite(value) else {TAG: "float", "v": repr(value)}


def _list(walk: Walk, value: list[Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    return walk.nested(value, lambda: walk.items(value))


def _dict(walk: Walk, value: dict[Any, Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    return walk.nested(value, lambda: _inside_dict(walk, value))


def _inside_dict(walk: Walk, value: dict[Any, Any]) -> Any:
    if TAG not in value and all(type(key) is str and key.isascii() for key in value):
        return walk.fields(value)
    if TAG not in value and all(type(key) is str and type(_writable(key)) is str for key in value):
        return walk.fields(value)
    return {
        TAG: "dict",
        "v": [[walk.tree(key), walk.child(str(key), item)] for key, item in list(value.items())],
    }


def _sequence(tag: str) -> "Encoder":
    def encode_sequence(walk: Walk, value: Any) -> Any:
        if walk.is_too_long(value):
            return walk.cut_items(value)
        return walk.nested(value, lambda: {TAG: tag, "v": walk.items(value)})

    return encode_sequence


def _set(tag: str) -> "Encoder":
    def encode_set(walk: Walk, value: Any) -> Any:
        if walk.is_too_long(value):
            return walk.cut_items(value)
        return walk.nested(value, lambda: {TAG: tag, "v": sorted(walk.items(value), key=_sort_key)})

    return encode_set


def _sort_key(tree: Any) -> bytes:
    return orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)


def _deque(walk: Walk, value: deque[Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    return walk.nested(value, lambda: {TAG: "deque", "v": walk.items(value), "maxlen": value.maxlen})


def _bytes(tag: str) -> "Encoder":
    def encode_bytes(walk: Walk, value: Any) -> Any:
        return walk.cut_bytes(value) if len(value) > LONGEST_BYTES else {TAG: tag, "v": b64encode(value).decode()}

    return encode_bytes


def _datetime(walk: Walk, value: datetime) -> Any:
    if value.tzinfo is None or type(value.tzinfo) is timezone:
        return {TAG: "datetime", "v": value.isoformat(), **({"fold": 1} if value.fold else {})}
    zone = getattr(value.tzinfo, "key", None)
    if zone is None:
        return walk.opaque(value, f"the time zone {type(value.tzinfo).__qualname__} has no encoder")
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return {TAG: "datetime", "v": naive, "zone": zone, **({"fold": 1} if value.fold else {})}


def _time(walk: Walk, value: time) -> Any:
    if value.tzinfo is not None and type(value.tzinfo) is not timezone:
        return walk.opaque(value, f"the time zone {type(value.tzinfo).__qualname__} has no encoder")
    return {TAG: "time", "v": value.isoformat()}


def _type(walk: Walk, value: type) -> Any:
    if "<locals>" in value.__qualname__:
        return walk.opaque(value, "a class made inside a function cannot be found again")
    return {TAG: "type", "v": type_name(value)}


def _function(walk: Walk, value: Any) -> Any:
    qualname, module = getattr(value, "__qualname__", ""), getattr(value, "__module__", None)
    if module is None or "<" in qualname:
        name = f"{module}:{qualname}"
        walk.refuse(f"{name} was made inside a function and cannot be found again")
        return {TAG: "opaque", "type": "builtins:function", "why": "made inside a function", "repr": name}
    return {TAG: "function", "v": f"{recorded_module(module)}:{qualname}"}


def _method(walk: Walk, value: types.MethodType) -> Any:
    return {TAG: "method", "v": value.__func__.__name__, "self": walk.child("__self__", value.__self__)}


def _pattern(walk: Walk, value: Pattern[Any]) -> Any:
    return {TAG: "regex", "v": walk.tree(value.pattern), "flags": int(value.flags)}


def _enum(_: Walk, value: Any) -> Any:
    tree = {TAG: "enum", "type": type_name(type(value)), "v": value.name}
    if isinstance(value, Flag):
        tree["value"] = value.value
    return tree


def _namedtuple(walk: Walk, value: Any) -> Any:
    return _typed("namedtuple", value, walk.fields(dict(zip(value._fields, value, strict=True))))


def _pydantic(walk: Walk, value: Any) -> Any:
    tree = _typed("pydantic", value, walk.fields(dict(value.__dict__)))
    if extra := getattr(value, "__pydantic_extra__", None):
        tree["extra"] = walk.fields(extra)
    if private := getattr(value, "__pydantic_private__", None):
        tree["private"] = walk.fields({name: held for name, held in private.items() if held is not None})
    tree["set"] = sorted(getattr(value, "__pydantic_fields_set__", ()))
    return tree


def _dataclass(walk: Walk, value: Any) -> Any:
    held = slots_of(value)
    declared = {field.name: held.pop(field.name) for field in fields(value) if field.name in held}
    return _typed("dataclass", value, walk.fields({**declared, **held}))


def _exception(walk: Walk, value: BaseException) -> Any:
    tree = _typed("exception", value, {"args": walk.child("args", list(value.args))})
    if held := {name: item for name, item in vars(value).items() if name != "__notes__"}:
        before = walk.why
        tree["v"]["fields"] = walk.fields(held)
        walk.why = before
    tree["message"] = walk.text(str(value)[:LONGEST_TEXT])
    return tree


def _subclass(walk: Walk, value: Any) -> Any:
    for base, held in _HELD.items():
        if isinstance(value, base):
            tree = _typed("subclass", value, _EXACT[base](walk, held(value)))
            if isinstance(value, defaultdict) and value.default_factory is not None:
                tree["factory"] = walk.child("default_factory", value.default_factory)
            return tree
    return walk.opaque(value, f"{type_name(type(value))} has no encoder")


def _object(walk: Walk, value: Any) -> Any:
    return _typed("object", value, walk.fields(slots_of(value)))


def _sentinel(_: Walk, value: Any) -> Any:
    return {TAG: "sentinel", "v": type_name(type(value))}


def _opaque(walk: Walk, value: Any) -> Any:
    return walk.opaque(value, f"{type_name(type(value)).replace(':', '.')} has no encoder")


def _typed(tag: str, value: Any, tree: Any) -> dict[str, Any]:
    return {TAG: tag, "type": type_name(type(value)), "v": tree}


Encoder = Callable[[Walk, Any], Any]

_LEAVES: dict[type, Encoder] = {
    str: Walk.text,
    int: _int,
    bool: _itself,
    type(None): _itself,
    float: _float,
}
_EXACT: dict[type, Encoder] = {
    **_LEAVES,
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
_SHAPES: dict[type, str] = {}
_BY_SHAPE: dict[str, Encoder] = {
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
