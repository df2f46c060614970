"""Which class a value is of, as far as the codec must know: asked once for each type, then remembered."""

import sys
import sysconfig
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Literal, TypeAlias

from treadle.names import recorded_module

Shape: TypeAlias = Literal[
    "enum", "namedtuple", "pydantic", "dataclass", "exception", "subclass", "object", "sentinel", "opaque"
]

SUBCLASSED = (str, int, float, bytes, tuple, list, dict, set, frozenset)
_LIBRARY_FOLDERS = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")} - {None})


def type_name(cls: type) -> str:
    """Return `module:qualname`, the name that a replay looks a class up by."""
    return f"{recorded_module(cls.__module__)}:{cls.__qualname__}"


def shape_of(cls: type) -> Shape:
    """Return how a value of this class is taken apart."""
    if issubclass(cls, Enum):
        return "enum"
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return "namedtuple"
    if "__pydantic_fields__" in cls.__dict__ or hasattr(cls, "__pydantic_validator__"):
        return "dataclass" if is_dataclass(cls) else "pydantic"
    if is_dataclass(cls):
        return "dataclass"
    if issubclass(cls, BaseException):
        return "exception"
    if issubclass(cls, SUBCLASSED):
        return "subclass"
    if is_sentinel(cls):
        return "sentinel"
    return "object" if is_project_class(cls) else "opaque"


def is_project_class(cls: type) -> bool:
    """Tell whether a class is the user's own: not built in, not of the standard library, not installed."""
    module = sys.modules.get(cls.__module__)
    if module is None or cls.__module__ == "builtins":
        return False
    file = getattr(module, "__file__", None)
    if file is None:
        return cls.__module__ == "__main__"
    return is_project_file(file)


def is_project_file(file: str) -> bool:
    """Tell whether code in this file is the user's own: not of the standard library, not installed, not frozen."""
    return "site-packages" not in file and not file.startswith((*_LIBRARY_FOLDERS, "<frozen "))


def is_sentinel(cls: type) -> bool:
    """Tell whether instances say only that nothing was given, as the OpenAI client's do."""
    return cls.__module__.startswith("openai.") and cls.__name__ in ("NotGiven", "Omit")


def slots_of(value: Any) -> dict[str, Any]:
    """Return the fields that a value holds in `__slots__` and in `__dict__`, without calling any property."""
    fields: dict[str, Any] = {}
    for cls in reversed(type(value).__mro__):
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            mangled = f"_{cls.__name__.lstrip('_')}{name}" if name[:2] == "__" != name[-2:] else name
            member = cls.__dict__.get(mangled)
            try:
                fields[mangled] = member.__get__(value, cls) if member is not None else None
            except AttributeError:
                continue
    fields.update(getattr(value, "__dict__", {}))
    return fields
