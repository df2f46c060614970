"""The reviver: tagged JSON back to the same types, in a replay's child process only.

A store names code, so it is not trusted because it is there. Only classes of the project, or of a short list of
libraries, are built; each must really be what its tag claims; no `__init__`, no validator and no `__reduce__` runs.
"""

import enum
import importlib
import inspect
import math
import re
import sys
import types
from base64 import b64decode
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from treadle.errors import NotReplayableError
from treadle.values.classes import is_project_class, is_sentinel

TAG = "$"
TRUSTED_PACKAGES = frozenset({"openai", "anthropic", "pydantic", "httpx", "httpx2"})
TRUSTED_MODULES = frozenset({"builtins", "collections", "asyncio.exceptions", "json.decoder", "decimal", "uuid"})
MAIN_ALIASES: dict[str, str] = {}
"""Names that modules are loaded under in a replay, by the names they had: `__main__` is loaded as another."""


def revive(tagged: bytes, environment: dict[str, str] | None = None) -> Any:
    """Return the value that was recorded.

    Raises:
        NotReplayableError: something in it was not recorded, or may not be built; the message names it.

    """
    return _Reviver(environment or {}).value(orjson.loads(tagged))


def find_class(name: str) -> type:
    """Return the class `module:qualname`, if it may be built.

    Raises:
        NotReplayableError: it is gone, or is neither the project's nor of a trusted library.

    """
    found = find_object(name)
    if not isinstance(found, type):
        raise NotReplayableError(f"{name} is not a class any more")
    package = found.__module__.partition(".")[0]
    if found.__module__ in TRUSTED_MODULES or package in TRUSTED_PACKAGES or is_project_class(found):
        return found
    raise NotReplayableError(f"{name} is neither the project's nor trusted: it is not built from a recording")


def find_object(name: str) -> Any:
    """Return what `module:qualname` names today.

    Raises:
        NotReplayableError: the module does not import, or has no such name.

    """
    module_name, _, qualname = name.partition(":")
    module_name = MAIN_ALIASES.get(module_name, module_name)
    try:
        found: Any = sys.modules.get(module_name) or importlib.import_module(module_name)
    except Exception as error:
        raise NotReplayableError(f"{module_name} does not import any more: {error}") from error
    for part in qualname.split("."):
        found = found.__dict__.get(part) if isinstance(found, type) else getattr(found, part, None)
        if found is None:
            raise NotReplayableError(f"{qualname} is no longer in {module_name}")
    return found


class _Reviver:
    """One pass over one tree."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def value(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if isinstance(tree, list):
            return [self.value(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if TAG not in tree:
            return {key: self.value(item) for key, item in tree.items()}
        builder = _BUILDERS.get(tree[TAG])
        if builder is None:
            raise NotReplayableError(f"a value of the unknown kind {tree[TAG]!r}")
        try:
            return builder(self, tree)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NotReplayableError(f"a recorded {tree[TAG]} cannot be built: {error}") from error

    def fields(self, tree: Any) -> dict[str, Any]:
        """Return named fields."""
        return {name: self.value(item) for name, item in tree.items()}


def _datetime(_: _Reviver, tree: dict[str, Any]) -> datetime:
    zone = ZoneInfo(tree["zone"]) if "zone" in tree else None
    value = datetime.fromisoformat(tree["v"]).replace(fold=tree.get("fold", 0))
    return value.replace(tzinfo=zone) if zone else value


def _path(_: _Reviver, tree: dict[str, Any]) -> PurePath:
    pure: dict[str, type[PurePath]] = {"PurePosixPath": PurePosixPath, "PureWindowsPath": PureWindowsPath}
    return pure.get(tree["type"], PosixPath if sys.platform != "win32" else Path)(tree["v"])


def _enum(_: _Reviver, tree: dict[str, Any]) -> Any:
    cls: Any = _checked(tree, issubclass_of=enum.Enum)
    return cls(tree["value"]) if "value" in tree else cls[tree["v"]]


def _namedtuple(reviver: _Reviver, tree: dict[str, Any]) -> Any:
    cls = _checked(tree, issubclass_of=tuple)
    held = reviver.fields(tree["v"])
    return tuple.__new__(cls, [held[name] for name in cls._fields])  # type: ignore[attr-defined]


def _dataclass(reviver: _Reviver, tree: dict[str, Any]) -> Any:
    cls = _checked(tree)
    if not is_dataclass(cls):
        raise NotReplayableError(f"{tree['type']} is not a dataclass any more")
    return _filled(cls, reviver.fields(tree["v"]))


def _pydantic(reviver: _Reviver, tree: dict[str, Any]) -> Any:
    cls: Any = _checked(tree)
    if not hasattr(cls, "__pydantic_fields__"):
        raise NotReplayableError(f"{tree['type']} is not a pydantic model any more")
    value: Any = object.__new__(cls)
    extra = reviver.fields(tree["extra"]) if tree.get("extra") else None
    if extra is None and cls.model_config.get("extra") == "allow":
        extra = {}
    object.__setattr__(value, "__dict__", reviver.fields(tree["v"]))
    object.__setattr__(value, "__pydantic_fields_set__", set(tree.get("set", ())))
    object.__setattr__(value, "__pydantic_extra__", extra)
    private = reviver.fields(tree["private"]) if tree.get("private") else None
    if private is None and getattr(cls, "__private_attributes__", None):
        private = {}
    object.__setattr__(value, "__pydantic_private__", private)
    return value


def _exception(reviver: _Reviver, tree: dict[str, Any]) -> BaseException:
    cls = _checked(tree, issubclass_of=BaseException)
    args = reviver.value(tree["v"]["args"])
    error: BaseException = cls.__new__(cls, *args)
    error.args = tuple(args)
    for name, held in tree["v"].get("fields", {}).items():
        try:
            setattr(error, name, reviver.value(held))
        except (NotReplayableError, AttributeError):
            continue
    return error


def _subclass(reviver: _Reviver, tree: dict[str, Any]) -> Any:
    cls: Any = _checked(tree)
    base = reviver.value(tree["v"])
    if not issubclass(cls, type(base)):
        raise NotReplayableError(f"{tree['type']} is no {type(base).__name__} any more")
    value: Any = type(base).__new__(cls, base) if not isinstance(base, list | dict | set) else cls.__new__(cls)
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
    return value


def _object(reviver: _Reviver, tree: dict[str, Any]) -> Any:
    return _filled(_checked(tree), reviver.fields(tree["v"]))


def _env(reviver: _Reviver, tree: dict[str, Any]) -> str:
    value = reviver.environment.get(tree["v"])
    if value is None:
        raise NotReplayableError(f"the environment variable {tree['v']} is not set: its value was not recorded")
    return value


def _function(_: _Reviver, tree: dict[str, Any]) -> Any:
    found = find_object(tree["v"])
    if not isinstance(found, types.FunctionType) or not _is_project_function(found):
        raise NotReplayableError(f"{tree['v']} is not a function of the project")
    return found


def _is_project_function(function: types.FunctionType) -> bool:
    return is_project_class(type("_", (), {"__module__": function.__module__}))


def _method(reviver: _Reviver, tree: dict[str, Any]) -> Any:
    owner = reviver.value(tree["self"])
    function = inspect.getattr_static(type(owner), tree["v"], None)
    if not isinstance(function, types.FunctionType):
        raise NotReplayableError(f"{type(owner).__qualname__} has no method {tree['v']} any more")
    return types.MethodType(function, owner)


def _sentinel(_: _Reviver, tree: dict[str, Any]) -> Any:
    cls = _checked({"type": tree["v"]})
    if not is_sentinel(cls):
        raise NotReplayableError(f"{tree['v']} is no sentinel")
    return cls()


def _lost(_: _Reviver, tree: dict[str, Any]) -> Any:
    why = tree.get("why") or _WHY_LOST.get(tree[TAG], "")
    raise NotReplayableError(f"a value was not recorded: {why}")


_WHY_LOST = {"secret": "it was a secret", "cut": "it was cut", "hidden": "it was hidden"}


def _filled(cls: type, fields: dict[str, Any]) -> Any:
    value: Any = object.__new__(cls)
    for name, item in fields.items():
        object.__setattr__(value, name, item)
    return value


def _checked(tree: dict[str, Any], *, issubclass_of: type = object) -> type:
    cls = find_class(tree["type"])
    if not issubclass(cls, issubclass_of):
        raise NotReplayableError(f"{tree['type']} is no {issubclass_of.__name__}")
    return cls


def _offset(seconds: float) -> timezone:
    return timezone(timedelta(seconds=seconds))


_BUILDERS: dict[str, Callable[[_Reviver, dict[str, Any]], Any]] = {
    "tuple": lambda reviver, tree: tuple(reviver.value(tree["v"])),
    "set": lambda reviver, tree: set(reviver.value(tree["v"])),
    "frozenset": lambda reviver, tree: frozenset(reviver.value(tree["v"])),
    "deque": lambda reviver, tree: deque(reviver.value(tree["v"]), tree["maxlen"]),
    "dict": lambda reviver, tree: {reviver.value(key): reviver.value(item) for key, item in tree["v"]},
    "bytes": lambda _, tree: b64decode(tree["v"]),
    "bytearray": lambda _, tree: bytearray(b64decode(tree["v"])),
    "str": lambda _, tree: b64decode(tree["v"]).decode("utf-8", "surrogatepass"),
    "int": lambda _, tree: int(tree["v"], 16),
    "float": lambda _, tree: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[tree["v"]],
    "complex": lambda reviver, tree: complex(*reviver.value(tree["v"])),
    "decimal": lambda _, tree: Decimal(tree["v"]),
    "uuid": lambda _, tree: UUID(tree["v"]),
    "datetime": _datetime,
    "date": lambda _, tree: date.fromisoformat(tree["v"]),
    "time": lambda _, tree: time.fromisoformat(tree["v"]),
    "timedelta": lambda _, tree: timedelta(*tree["v"]),
    "timezone": lambda _, tree: _offset(tree["v"]),
    "range": lambda _, tree: range(*tree["v"]),
    "ellipsis": lambda _, _tree: ...,
    "path": _path,
    "regex": lambda reviver, tree: re.compile(reviver.value(tree["v"]), tree["flags"]),
    "enum": _enum,
    "namedtuple": _namedtuple,
    "dataclass": _dataclass,
    "pydantic": _pydantic,
    "exception": _exception,
    "subclass": _subclass,
    "object": _object,
    "type": lambda _, tree: find_class(tree["v"]),
    "function": _function,
    "method": _method,
    "sentinel": _sentinel,
    "env": _env,
    "stream": lambda reviver, tree: reviver.value(tree["v"]),
    "module": _lost,
    "opaque": _lost,
    "secret": _lost,
    "cut": _lost,
    "hidden": _lost,
}
