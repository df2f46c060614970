"""Tracing what stands in a class: methods of all sorts, and all public ones at once."""

from __future__ import annotations

import copy
import functools
import types
from typing import Any

from treadle.errors import UsageError
from treadle.options import Options
from treadle.wrappers import traced_of, wrapped


def wrap_member(member: Any, options: Options) -> Any:
    """Return the same sort of member over a traced function; of a property only its getter is traced."""
    if isinstance(member, property):
        if member.fget is None:
            raise UsageError(f"{member!r} has no getter that could be traced")
        return member.getter(wrapped(member.fget, options))
    if isinstance(member, functools.cached_property):
        cached = copy.copy(member)
        cached.func = wrapped(member.func, options)
        return cached
    if isinstance(member, functools.partialmethod):
        return functools.partialmethod(wrapped(member.func, options), *member.args, **member.keywords)
    return type(member)(wrapped(member.__func__, options))


def trace_methods(owner: type, options: Options) -> type:
    """Trace the public methods that a class itself defines, and `__call__`; the class stays the same object.

    A method that is traced already keeps what was said there. Annotated names are fields, whatever their default is.

    Raises:
        UsageError: there is no such method, `ignore` fits none of them, or the class cannot be changed.

    """
    fields = vars(owner).get("__annotations__", {})
    methods = {
        name: member
        for name, member in vars(owner).items()
        if _is_method(member) and name not in fields and (not name.startswith("_") or name == "__call__")
    }
    if not methods:
        raise UsageError(f"the class {owner.__qualname__} defines no public method that could be traced")
    kept = {name: _options_for(name, member, owner, options) for name, member in methods.items()}
    if unused := set(options.ignore).difference(*(chosen.ignore for chosen in kept.values())):
        raise UsageError(f"ignore names {unused.pop()!r}, which is no parameter of any method of {owner.__qualname__}")
    for name, member in methods.items():
        if traced_of(_function_of(member)) is None:
            _set(owner, name, wrapped(member, kept[name]))
    return owner


def _options_for(name: str, member: Any, owner: type, options: Options) -> Options:
    from treadle.functions import Traced

    described = Traced(_function_of(member))
    ignore = tuple(ignored for ignored in options.ignore if described.unknown([ignored]) is None)
    return options._replace(name=f"{options.name or owner.__name__}.{name}", ignore=ignore)


def _set(owner: type, name: str, member: Any) -> None:
    try:
        setattr(owner, name, member)
    except (AttributeError, TypeError) as error:
        raise UsageError(f"the class {owner.__qualname__} cannot be changed: {error}") from error


def _is_method(member: Any) -> bool:
    return isinstance(_function_of(member), types.FunctionType)


def _function_of(member: Any) -> Any:
    return member.__func__ if isinstance(member, staticmethod | classmethod) else member
