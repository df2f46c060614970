"""The recording wrapper around what is traced: of its own flavour, and looking like it."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from treadle import importlib_bootstrap
from treadle.disguise import presented
from treadle.errors import UsageError
from treadle.functions import Traced
from treadle.importlib_bootstrap import functions, generators
from treadle.options import DEFAULT_KIND, Options

_MAKERS: dict[str, Callable[[Traced], Callable[..., Any]]] = {
    "sync": functions.function,
    "async": functions.coroutine,
    "gen": generators.generator,
    "agen": generators.async_generator,
}
_WRAPPERS_FOLDER = str(Path(importlib_bootstrap.__file__).parent)


def wrapped(thing: Any, options: Options) -> Any:
    """Return a function, a method of any sort, a class or another callable, with its calls recorded.

    Raises:
        UsageError: it cannot be called, or `ignore` names an argument that it has not.

    """
    if isinstance(thing, types.FunctionType):
        return wrap(_described(thing, options))
    if isinstance(thing, type):
        from treadle.members import trace_methods

        return trace_methods(thing, options)
    if isinstance(thing, staticmethod | classmethod | property | functools.cached_property | functools.partialmethod):
        from treadle.members import wrap_member

        return wrap_member(thing, options)
    if callable(thing):
        from treadle.importlib_bootstrap.stand_in import stand_in

        traced = _described(thing, options)
        return stand_in(traced, wrap(traced))
    raise UsageError(
        f"{thing!r} cannot be called, and so not be traced; put @treadle.trace next to the function itself"
    )


def wrap(traced: Traced) -> Callable[..., Any]:
    """Return the recording wrapper of the function's own flavour."""
    return presented(_MAKERS[traced.flavour](traced), traced)


def traced_of(thing: Any) -> Traced | None:
    """Return what is known of a function that is traced itself, not only something around one that is."""
    traced = getattr(thing, "__treadle__", None)
    called = thing if type(thing) is types.FunctionType else getattr(type(thing), "__call__", None)  # noqa: B004
    code = getattr(called, "__code__", None)
    is_ours = isinstance(code, types.CodeType) and code.co_filename.startswith(_WRAPPERS_FOLDER)
    return traced if is_ours and isinstance(traced, Traced) else None


def _described(thing: Any, options: Options) -> Traced:
    """Return a description of what is to be wrapped; traced twice is traced once, and what was said last holds."""
    inner = traced_of(thing)
    if inner is None:
        made = Traced(thing, **{**options._asdict(), "kind": options.kind or DEFAULT_KIND})
    else:
        made = Traced(
            inner.function,
            name=options.name or inner.name,
            kind=options.kind or inner.kind,
            ignore={*inner.ignore, *options.ignore},
            pickle=inner.pickle or options.pickle,
            idempotent=inner.idempotent and options.idempotent,
        )
    if (unknown := made.unknown(options.ignore)) is not None:
        raise UsageError(f"ignore names {unknown!r}, which is no parameter of {made.name}")
    return made
