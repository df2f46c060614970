"""What is known of a traced function before it is called: its names, its parameters, its code.

Arguments are bound by zipping positions with names, which is several times cheaper than `Signature.bind`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from treadle.names import recorded_module, writable

if TYPE_CHECKING:
    from treadle.model import Flavour

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "po",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "pk",
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.KEYWORD_ONLY: "ko",
    inspect.Parameter.VAR_KEYWORD: "**",
}
_SEND_FRAMES = 2 if sys.version_info < (3, 12) else 1
"""What the recursion limit counts for a generator's wrapper: Python 3.11 counts the call of `send` as well."""


class Traced:
    """A function as the tracer sees it."""

    __slots__ = (
        "__weakref__",
        "_defaults",
        "_fewest",
        "_fields",
        "_names",
        "_positional",
        "_required",
        "_rest",
        "_rest_by_name",
        "flavour",
        "function",
        "idempotent",
        "ignore",
        "kind",
        "name",
        "own_frames",
        "parameters",
        "pickle",
        "recorded_as",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        kind: str = "chain",
        ignore: Iterable[str] = (),
        pickle: bool = False,
        idempotent: bool = True,
    ) -> None:
        self.function = function
        self.kind = kind
        self.ignore = frozenset(ignore)
        self.pickle = pickle
        self.idempotent = idempotent
        self.flavour = flavour_of(function)
        self.own_frames = _SEND_FRAMES if self.flavour == "gen" else 1
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self.parameters = _parameters(function)
        by_kind: dict[str, list[str]] = {short: [] for short in _KINDS.values()}
        for parameter in self.parameters:
            by_kind[_KINDS[parameter.kind]].append(parameter.name)
        self._positional = tuple(by_kind["po"] + by_kind["pk"])
        self._names = frozenset(by_kind["pk"] + by_kind["ko"])
        self._rest = next(iter(by_kind["*"]), None)
        self._rest_by_name = next(iter(by_kind["**"]), None)
        self._fields: dict[str, Any] | None = None
        self.recorded_as: tuple[Any, str, str] | None = None
        """The recorder that described it last, and what that says of it."""
        self._defaults = {p.name: p.default for p in self.parameters if p.default is not p.empty}
        needed = by_kind["po"] + by_kind["pk"] + by_kind["ko"]
        self._required = tuple(name for name in needed if name not in self._defaults)
        by_position_alone = set(self._required).issubset(self._positional)
        self._fewest = len(self._required) if by_position_alone else len(self._positional) + 1

    def fits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Tell whether the function can be called so; cheaper than `Signature.bind`, for every call."""
        positional, count = self._positional, len(args)
        if not kwargs and self._fewest <= count <= len(positional):
            return True
        if count > len(positional) and self._rest is None:
            return False
        given = set(positional[:count])
        if kwargs:
            if not given.isdisjoint(kwargs) and not self._names.isdisjoint(given.intersection(kwargs)):
                return False
            if self._rest_by_name is None and not self._names.issuperset(kwargs):
                return False
            given |= self._names.intersection(kwargs)
        return given.issuperset(self._required)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments by parameter name, defaults included.

        A call that does not fit the signature is returned as `{"args": ..., "kwargs": ...}`: it raises by itself.
        """
        positional = self._positional
        if len(args) > len(positional) and self._rest is None:
            return {"args": list(args), "kwargs": kwargs}
        bound = self._defaults.copy()
        bound.update(zip(positional, args, strict=False))
        if self._rest is not None:
            bound[self._rest] = list(args[len(positional) :])
        if kwargs:
            self._bind_by_name(bound, kwargs)
        for name in self.ignore:
            bound.pop(name, None)
        return bound

    def _bind_by_name(self, bound: dict[str, Any], kwargs: dict[str, Any]) -> None:
        names = self._names
        if names.issuperset(kwargs):
            bound.update(kwargs)
            return
        bound.update({name: value for name, value in kwargs.items() if name in names})
        bound[self._rest_by_name or "kwargs"] = {name: value for name, value in kwargs.items() if name not in names}

    def unknown(self, names: Iterable[str]) -> str | None:
        """Return the first of these names that no argument can have; None where there is none such."""
        if self._rest_by_name is not None:
            return None
        known = {parameter.name for parameter in self.parameters}
        return next((name for name in names if name not in known), None)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the journal's function record."""
        if self._fields is None:
            self._fields = self._describe()
        return self._fields

    def _describe(self) -> dict[str, Any]:
        code = code_of(self.function)
        return {
            "module": writable(recorded_module(getattr(self.function, "__module__", None) or "")),
            "qualname": writable(str(getattr(self.function, "__qualname__", self.name))),
            "file": writable(code.co_filename) if code else None,
            "line": code.co_firstlineno if code else None,
            "hash": code_hash(code) if code else None,
            "flavour": self.flavour,
            "params": [[p.name, _KINDS[p.kind]] for p in self.parameters],
            "idempotent": None if self.idempotent else False,
        }


def flavour_of(function: Callable[..., Any]) -> Flavour:
    """Return which of the four kinds of function it is."""
    if inspect.iscoroutinefunction(function):
        return "async"
    if inspect.isasyncgenfunction(function):
        return "agen"
    if inspect.isgeneratorfunction(function):
        return "gen"
    called = None if isinstance(function, types.FunctionType) else getattr(type(function), "__call__", None)  # noqa: B004 - not whether, but which
    return flavour_of(called) if isinstance(called, types.FunctionType) else "sync"


def code_of(function: Callable[..., Any]) -> types.CodeType | None:
    """Return the code object behind a function, a partial or a wrapped function."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def code_hash(code: types.CodeType) -> str:
    """Return a digest of what the code does: lines, file names and comments do not count."""
    from hashlib import blake2b

    return blake2b(_canonical(code).encode(errors="backslashreplace"), digest_size=8).hexdigest()


def _canonical(value: Any) -> str:
    if isinstance(value, types.CodeType):
        parts = (value.co_code, value.co_names, value.co_varnames, value.co_freevars, *value.co_consts)
        return f"code({','.join(_canonical(part) for part in parts)})"
    if isinstance(value, frozenset):
        return f"frozenset({','.join(sorted(_canonical(item) for item in value))})"
    return f"{type(value).__name__}:{value!r}"


def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        anything = inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)
        return (anything, inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD))
