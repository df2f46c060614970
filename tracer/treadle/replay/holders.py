"""A traced function inside what today's code holds under a name: a method of any sort, or wrapped by other decorators.

Nothing of the user's is asked: only what functions, descriptors and objects hold is looked at.
"""

import functools
import types
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from treadle.functions import Traced, cells_of
from treadle.importlib_bootstrap.stand_in import StandIn
from treadle.model import Function
from treadle.values.classes import fields_of, held_by, members_of, mro_of
from treadle.wrappers import traced_of

MOST_LOOKED_AT = 200
"""How much is looked into under one name."""
_WRAPPING = (
    staticmethod,
    classmethod,
    property,
    functools.cached_property,
    functools.partialmethod,
    functools.partial,
    types.MethodType,
)


def traced_under(thing: Any, function: Function) -> Callable[..., Any] | None:
    """Return the traced function in what stands under its name; None where none in it is traced."""
    if _traced(thing) is not None:
        return thing  # type: ignore[no-any-return]
    return _best(_inside(thing, deep=True), function)


def traced_beside(owner: Any, function: Function) -> Callable[..., Any] | None:
    """Return the traced function that a module or a class holds under whatever other name; None where there is none."""
    held = members_of(owner) if type in mro_of(type(owner)) else held_by(owner)
    return _best((found for thing in list(held.values()) for found in _inside(thing, deep=False)), function)


def _best(candidates: Iterable[Any], function: Function) -> Callable[..., Any] | None:
    """Return which of several it is: they have one name, as a property's getter and setter do, and several lambdas."""
    fitting = [thing for thing in candidates if _is_of(thing, function)]
    unchanged = [thing for thing in fitting if _fields(thing)["hash"] == function.code_hash]
    line = function.line or 0
    return min(unchanged or fitting, key=lambda thing: abs((_fields(thing)["line"] or 0) - line), default=None)


def _is_of(thing: Any, function: Function) -> bool:
    fields = _fields(thing)
    return (fields["module"], fields["qualname"]) == (function.module, function.qualname)


def _fields(thing: Any) -> dict[str, Any]:
    traced = _traced(thing)
    assert traced is not None
    return traced.fields


def _traced(thing: Any) -> Traced | None:
    is_askable = type(thing) is types.FunctionType or issubclass(type(thing), StandIn)
    return traced_of(thing) if is_askable else None


def _inside(thing: Any, *, deep: bool) -> Iterator[Any]:
    """Yield the traced functions in a thing, the outermost first."""
    waiting, seen = [thing], set[int]()
    for _ in range(MOST_LOOKED_AT):
        if not waiting:
            return
        inner = waiting.pop(0)
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        if _traced(inner) is not None:
            yield inner
        else:
            waiting += islice(_held_in(inner, deep=deep), MOST_LOOKED_AT)


def _held_in(thing: Any, *, deep: bool) -> Iterator[Any]:
    if type(thing) is types.FunctionType:
        yield from (vars(thing)["__wrapped__"],) if "__wrapped__" in vars(thing) else ()
        yield from cells_of(thing).values()
    elif isinstance(thing, _WRAPPING):
        yield from (
            object.__getattribute__(thing, name)
            for name in ("__func__", "fget", "fset", "fdel", "func")
            if hasattr(type(thing), name) or name in getattr(thing, "__dict__", ())
        )
    elif isinstance(thing, functools._lru_cache_wrapper) or (deep and type not in mro_of(type(thing))):  # noqa: SLF001
        yield from fields_of(thing).values()
