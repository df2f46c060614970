"""What stands for a traced callable that is no function: a partial, a bound method, a builtin, an object.

A function in its place would lose what it has (`cache_info`, `func`, its own attributes), would not pickle, and would
take a `self` in a class where it takes none. This passes everything on but the call.
"""

from __future__ import annotations

import functools
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle.functions import Traced

_OWN = ("__call__", "__class__", "__treadle__", "__wrapped__")


def stand_in(traced: Traced, wrapper: Callable[..., Any]) -> Any:
    """Return what stands for a callable, with its calls recorded.

    Each has a class of its own: Python looks for `__call__` there, and finds its module and docstring there first.
    """
    made = standing_for(traced.function, wrapper)
    object.__setattr__(made, "__treadle__", traced)
    this = weakref.ref(made)
    traced.find_name = lambda: _name_in_program(this())
    return made


def standing_for(thing: Any, wrapper: Callable[..., Any]) -> Any:
    """Return what stands for a callable, and passes calls to the wrapper."""
    own = {"__slots__": (), "__call__": staticmethod(wrapper)}
    asked = {name: property(_asked(name)) for name in ("__module__", "__doc__")}
    made: Any = type(type(thing).__name__, (StandIn,), {**own, **asked})()
    object.__setattr__(made, "__wrapped__", thing)
    return made


class StandIn:
    """Passes on what is asked of it to what it stands for."""

    __slots__ = ("__treadle__", "__weakref__", "__wrapped__")

    __treadle__: Any
    __wrapped__: Any

    @property
    def __class__(self) -> type:
        return type(self.__wrapped__)

    @__class__.setter
    def __class__(self, value: type) -> None:
        self.__wrapped__.__class__ = value

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__wrapped__, name)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        binds = None if _never_binds(self.__wrapped__) else getattr(type(self.__wrapped__), "__get__", None)
        if instance is None or binds is None or binds(self.__wrapped__, instance, owner) is self.__wrapped__:
            return self
        return types.MethodType(cast("Callable[..., Any]", self), instance)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        if issubclass(type(other), StandIn):
            other = cast("StandIn", other).__wrapped__
        return bool(self.__wrapped__ == other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self.__wrapped__), *_OWN})

    def __reduce_ex__(self, protocol: Any) -> Any:
        thing = self.__wrapped__
        is_function = isinstance(thing, types.FunctionType)  # which pickle takes by its name, and knows by its type
        reduced = thing.__qualname__ if is_function else thing.__reduce_ex__(protocol)
        is_name_of_another = isinstance(reduced, str) and self is not _named(self.__module__, reduced)
        return (_same, (self.__wrapped__,)) if is_name_of_another else reduced


def _name_in_program(made: Any) -> str | None:
    """Return the name that a module or a class of the project holds this under: by it a replay finds it again."""
    from treadle.values.instances import InstanceNames

    return InstanceNames().name_of(made)


def _never_binds(thing: Any) -> bool:
    """Tell of a partial before Python 3.14 that it is no method; 3.13 warns whoever tries."""
    return isinstance(thing, functools.partial) and sys.version_info < (3, 14)


def _asked(name: str) -> Callable[[Any], Any]:
    return lambda stand_in: getattr(stand_in.__wrapped__, name, None)


def _named(module: Any, name: str) -> Any:
    return getattr(sys.modules.get(str(module)), name, None)


def _same(thing: Any) -> Any:
    """Return what was pickled for a stand-in: the thing itself, by its own name."""
    return thing
