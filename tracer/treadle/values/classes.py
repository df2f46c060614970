"""Which class a value is of, as far as the codec must know: asked once for each type, then remembered.

Only what a class really is counts, never what it or its metaclass says.
"""

import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal, TypeAlias

from treadle.names import recorded_module
from treadle.values.limits import MOST_CLASSES

Shape: TypeAlias = Literal[
    "enum", "namedtuple", "attrs", "pydantic", "dataclass", "exception", "subclass", "object", "sentinel", "opaque"
]

SUBCLASSED = (str, int, float, bytes, tuple, list, dict, set, frozenset)
TRUSTED_PACKAGES = frozenset({"openai", "anthropic", "pydantic", "httpx", "httpx2"})
TRUSTED_MODULES = frozenset({"builtins", "collections", "asyncio.exceptions", "json.decoder", "decimal", "uuid"})
_LIBRARY_FOLDERS = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")} - {None})
_MODULE, _QUALNAME, _MRO, _MEMBERS = (
    type.__dict__[name] for name in ("__module__", "__qualname__", "__mro__", "__dict__")
)


def type_name(cls: type) -> str:
    """Return `module:qualname`, the name that a replay looks a class up by."""
    return f"{recorded_module(module_of(cls))}:{_QUALNAME.__get__(cls)}"


def module_of(cls: type) -> str:
    """Return the name of the module that a class says it was defined in."""
    module = _MODULE.__get__(cls)
    return module if type(module) is str else "?"


def mro_of(cls: type) -> tuple[type, ...]:
    """Return the classes that a class inherits from, itself first."""
    return _MRO.__get__(cls)  # type: ignore[no-any-return]


def members_of(cls: type) -> Mapping[str, Any]:
    """Return what the body of a class defines."""
    return _MEMBERS.__get__(cls)  # type: ignore[no-any-return]


def member_of(cls: type, name: str) -> Any:
    """Return what a class or one it inherits from defines under a name; None where none does."""
    for ancestor in mro_of(cls):
        if name in members_of(ancestor):
            return members_of(ancestor)[name]
    return None


def shape_of(cls: type) -> Shape:
    """Return how a value of this class is taken apart."""
    if issubclass(cls, Enum):
        return "enum"
    if issubclass(cls, tuple) and member_of(cls, "_fields") is not None:
        return "namedtuple"
    if member_of(cls, "__attrs_attrs__") is not None:
        return "attrs"
    if "__pydantic_fields__" in members_of(cls) or member_of(cls, "__pydantic_validator__") is not None:
        return "dataclass" if is_dataclass(cls) else "pydantic"
    if is_dataclass(cls):
        return "dataclass"
    if issubclass(cls, BaseException):
        return "exception"
    if issubclass(cls, SUBCLASSED):
        return "subclass"
    if is_sentinel(cls):
        return "sentinel"
    return "object" if is_project_class(cls) and is_all_fields(cls) else "opaque"


def is_dataclass(cls: type) -> bool:
    """Tell whether a class was made by `dataclasses.dataclass`, or inherits from one that was."""
    return member_of(cls, "__dataclass_fields__") is not None


def is_all_fields(cls: type) -> bool:
    """Tell whether an instance holds nothing but fields: nothing of it is kept by C code, where nobody can see it."""
    return not any(
        type(members_of(ancestor).get("__new__")) is types.BuiltinFunctionType
        for ancestor in mro_of(cls)
        if ancestor is not object
    )


def may_be_built(cls: type) -> bool:
    """Tell whether a replay builds instances of a class: it is the project's, or of a trusted library."""
    module = module_of(cls)
    return module in TRUSTED_MODULES or module.partition(".")[0] in TRUSTED_PACKAGES or is_project_class(cls)


def may_be_raised(cls: type) -> bool:
    """Tell whether a replay builds exceptions of a class: those of the standard library too, which do nothing else."""
    if not issubclass(cls, BaseException):
        return False
    package = module_of(cls).partition(".")[0]
    return may_be_built(cls) or package in sys.stdlib_module_names


def is_project_class(cls: type) -> bool:
    """Tell whether a class is the user's own: not built in, not of the standard library, not installed."""
    return is_project_module(module_of(cls))


def is_project_module(name: str) -> bool:
    """Tell whether a loaded module is the user's own."""
    module = sys.modules.get(name)
    if module is None or name == "builtins":
        return False
    file = held_by(module).get("__file__")
    if not isinstance(file, str):
        return recorded_module(name) == "__main__"
    return is_project_file(file)


def held_by(module: Any) -> dict[str, Any]:
    """Return what a module holds now, without asking it: a lazy one would load."""
    try:
        held = object.__getattribute__(module, "__dict__")
    except AttributeError:  # anything can be put in `sys.modules`
        return {}
    return held if type(held) is dict else {}


def is_project_file(file: str) -> bool:
    """Tell whether code in this file is the user's own: not of the standard library, not installed, not frozen."""
    return "site-packages" not in file and not file.startswith((*_LIBRARY_FOLDERS, "<frozen "))


def is_sentinel(cls: type) -> bool:
    """Tell whether instances say only that nothing was given, as the OpenAI client's do."""
    return module_of(cls).startswith("openai.") and type_name(cls).rpartition(":")[2] in ("NotGiven", "Omit")


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields that a value holds in `__slots__` and in `__dict__`, without calling any property."""
    slots, own_dict = _layout(type(value))
    fields: dict[str, Any] = {}
    for slot in slots:
        try:
            fields[slot.__name__] = slot.__get__(value)
        except AttributeError:
            continue
    if own_dict is not None:
        held = own_dict.__get__(value)
        fields.update({name: item for name, item in dict.items(held) if type(name) is str})
    return fields


def fill(value: Any, fields: dict[str, Any]) -> None:
    """Give a value its fields, without calling any property.

    Raises:
        TypeError: its class has no place for one of them.

    """
    cls = type(value)
    own_dict = _layout(cls)[1]
    for name, item in fields.items():
        member = member_of(cls, name)
        if type(member) is types.MemberDescriptorType:
            member.__set__(value, item)
        elif own_dict is None:
            raise TypeError(f"{type_name(cls)} has no field {name} any more")
        else:
            own_dict.__get__(value)[name] = item


DictMember: TypeAlias = types.GetSetDescriptorType | types.MemberDescriptorType
Layout: TypeAlias = tuple[tuple[types.MemberDescriptorType, ...], DictMember | None]
"""Where instances of a class keep their fields: its slots, and what gives its `__dict__`."""


def _layout(cls: type) -> Layout:
    layout = _LAYOUTS.get(cls)
    if layout is None:
        if len(_LAYOUTS) >= MOST_CLASSES:
            _LAYOUTS.clear()
        layout = _LAYOUTS[cls] = (tuple(_slots(cls)), _own_dict(cls))
    return layout


def _slots(cls: type) -> Iterator[types.MemberDescriptorType]:
    for ancestor in reversed(mro_of(cls)):
        members = members_of(ancestor)
        if "__slots__" in members:
            yield from (member for member in members.values() if type(member) is types.MemberDescriptorType)


def _own_dict(cls: type) -> DictMember | None:
    for ancestor in mro_of(cls):
        member = members_of(ancestor).get("__dict__")
        if type(member) in (types.GetSetDescriptorType, types.MemberDescriptorType):
            return member
    return None


_LAYOUTS: dict[type, Layout] = {}
