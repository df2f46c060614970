"""What makes a wrapper look like the function that it wraps, to `inspect`, to frameworks and in a stack."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.functions import Traced


def dressed(maker: Callable[..., Any], traced: Traced, *, flags: int = 0) -> Callable[..., Any]:
    """Return our function with the names and the globals of the user's, and with more flags on its code.

    The globals are what frameworks resolve annotations in, what doctest knows a module's own functions by, and what
    `sys._getframe(1).f_globals` shows of the frame below the user's.
    """
    assert isinstance(maker, types.FunctionType)
    code = maker.__code__.replace(co_flags=maker.__code__.co_flags | flags) if flags else maker.__code__
    names = getattr(traced.function, "__globals__", maker.__globals__)
    made = types.FunctionType(code, names, None, maker.__defaults__, maker.__closure__)
    made.__name__ = str(getattr(traced.function, "__name__", traced.name))
    made.__qualname__ = str(getattr(traced.function, "__qualname__", made.__name__))
    return made


def presented(wrapper: Callable[..., Any], traced: Traced) -> Callable[..., Any]:
    """Give the wrapper all else that can be asked of a function, as far as it can be had."""
    function = traced.function
    functools.update_wrapper(wrapper, function)
    for name in ("__defaults__", "__kwdefaults__"):
        if isinstance(function, types.FunctionType):
            setattr(wrapper, name, getattr(function, name))
    wrapper.__treadle__ = traced  # type: ignore[attr-defined]
    return wrapper


def flags_of(function: Callable[..., Any]) -> int:
    """Return the flags on a function's code; 0 of what has none."""
    code = getattr(function, "__code__", None)
    return code.co_flags if isinstance(code, types.CodeType) else 0
