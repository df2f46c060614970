"""Objects that a module or a class of the project holds under a name: a client, a lock, a logger.

Where such an object cannot be recorded by what it holds, its name is: a replay finds today's object under it.
"""

import sys
import types
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from treadle.errors import NotReplayableError
from treadle.names import recorded_module
from treadle.values.classes import held_by, is_project_module, members_of, module_of, mro_of, type_name
from treadle.values.found import find_module, find_object

OWN_FOLDER = str(Path(__file__).parents[1])


class InstanceNames:
    """The named objects of the project, as they are during one walk."""

    __slots__ = ("_global_ids",)

    def __init__(self) -> None:
        self._global_ids: set[int] | None = None

    def name_of(self, value: Any) -> str | None:
        """Return `module:name` or `module:Class.name` of an object; None where it has none."""
        return self._in_modules(value) or _in_classes(value)

    def _in_modules(self, value: Any) -> str | None:
        """Look among what the modules hold now: a client is often put there long after the import."""
        if self._global_ids is None:
            self._global_ids = {key for module in _modules() for key in map(id, list(held_by(module).values()))}
        if id(value) not in self._global_ids:
            return None
        for module in _modules():
            if (name := _name_in(dict(held_by(module)), value)) is not None:
                return f"{recorded_module(held_by(module)['__name__'])}:{name}"
        return None


def _in_classes(value: Any) -> str | None:
    """Look among what the classes held when the newest module was loaded: there are many, and they seldom change."""
    if id(value) not in _class_member_ids(len(sys.modules)):
        return None
    for module in _modules():
        for cls in _classes(module):
            if (name := _name_in(dict(members_of(cls)), value)) is not None:
                return f"{type_name(cls)}.{name}"
    return None


def _name_in(held: dict[str, Any], value: Any) -> str | None:
    return next((name for name, item in held.items() if item is value and not name.startswith("__")), None)


def _modules() -> list[types.ModuleType]:
    return [sys.modules[name] for name in _project_modules(len(sys.modules)) if name in sys.modules]


@lru_cache(maxsize=1)
def _project_modules(_loaded: int) -> tuple[str, ...]:
    """Return the names of the project's modules in their order: a replay may load them in another.

    The main one is the last: what it imports from another is that one's, and a replay may do without the main one.
    """
    names = [name for name in sys.modules if is_project_module(name) and not _is_ours(name)]
    return tuple(sorted(names, key=lambda name: (recorded_module(name) == "__main__", name)))


def _is_ours(name: str) -> bool:
    return str(held_by(sys.modules[name]).get("__file__")).startswith(OWN_FOLDER)


@lru_cache(maxsize=1)
def _class_member_ids(_loaded: int) -> frozenset[int]:
    classes = [cls for module in _modules() for cls in _classes(module)]
    return frozenset(key for cls in classes for key in map(id, list(members_of(cls).values())))


def _classes(module: types.ModuleType) -> Iterator[type]:
    inside = held_by(module)
    for held in list(inside.values()):
        if type in mro_of(type(held)) and module_of(held) == inside["__name__"]:
            yield held


def revive_instance(tree: dict[str, Any]) -> Any:
    """Return the object that the project holds under a name today.

    Raises:
        NotReplayableError: it is gone, or is something else.

    """
    name = tree["v"]
    found = find_object(name)
    if not is_project_module(find_module(name.partition(":")[0]).__name__):
        raise NotReplayableError(f"{name} is not in a module of the project")
    cls = type(found)
    if issubclass(cls, type | types.ModuleType | types.BuiltinFunctionType) or type_name(cls) != tree["type"]:
        raise NotReplayableError(f"{name} is no {tree['type']} any more")
    return found
