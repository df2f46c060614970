"""What is known of a traced function before it is called: its names, its parameters, its code."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

from treadle.binding import Binder, binder
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
        "_binder",
        "_fields",
        "closes_over",
        "find_name",
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
        self.closes_over = _is_nested(function) and bool(function.__closure__)
        """Whether no name finds it again, and what it was made over must be recorded with each call."""
        self.find_name: Callable[[], str | None] | None = None
        """Returns `module:name` of what stands for a callable that is no function, and so has no name of its own."""
        self.parameters = _parameters(function)
        self._binder: Binder | None = None
        self._fields: dict[str, Any] | None = None
        self.recorded_as: tuple[Any, str, str] | None = None
        """The recorder that described it last, and what that says of it."""

    def fits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Tell whether the function can be called so."""
        bound = self._binder or self._write_binder()
        try:
            bound(*args, **kwargs)
        except TypeError:
            return False
        return True

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments by parameter name, defaults included.

        A call that does not fit the signature is returned as `{"args": ..., "kwargs": ...}`: it raises by itself.
        """
        bound = self._binder or self._write_binder()
        try:
            return bound(*args, **kwargs)
        except TypeError:
            return {"args": list(args), "kwargs": kwargs}

    def _write_binder(self) -> Binder:
        """Write it when it is first needed, not while modules are imported."""
        self._binder = binder(self.parameters, ignore=self.ignore)
        return self._binder

    def unknown(self, names: Iterable[str]) -> str | None:
        """Return the first of these names that no argument can have; None where there is none such."""
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in self.parameters):
            return None
        known = {parameter.name for parameter in self.parameters}
        if self.closes_over:
            known |= set(self.function.__code__.co_freevars)
        return next((name for name in names if name not in known), None)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the journal's function record."""
        if self._fields is None:
            self._fields = self._describe()
        return self._fields

    def _describe(self) -> dict[str, Any]:
        code = code_of(self.function) or code_of(getattr(type(self.function), "__call__", None))  # noqa: B004 - as below
        found = self.find_name() if self.find_name is not None else None
        module, _, qualname = (found or "").partition(":")
        return {
            "module": writable(module or recorded_module(getattr(self.function, "__module__", None) or "")),
            "qualname": writable(qualname or str(getattr(self.function, "__qualname__", self.name))),
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


def cells_of(function: Any) -> dict[str, Any]:
    """Return what a function's free variables hold, but of those that hold nothing yet."""
    held: dict[str, Any] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):
            held[name] = cell.cell_contents
    return held


def code_of(function: Any) -> types.CodeType | None:
    """Return the code object behind a function, a partial or a wrapped function; None of what has none."""
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


def _is_nested(function: Callable[..., Any]) -> TypeGuard[types.FunctionType]:
    """Tell of a function that it was made inside another, or is a lambda."""
    return isinstance(function, types.FunctionType) and "<" in function.__qualname__


def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    try:
        return tuple(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        anything = inspect.Parameter("args", inspect.Parameter.VAR_POSITIONAL)
        return (anything, inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD))
