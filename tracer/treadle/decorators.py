"""`treadle.trace` and `treadle.span`: what people put into their programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from treadle.config import is_disabled
from treadle.errors import UsageError
from treadle.kinds import KINDS
from treadle.loading import loaded

if TYPE_CHECKING:
    from treadle.call import Call

P = ParamSpec("P")
R = TypeVar("R")


@overload
def trace(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def trace(
    *, name: str | None = None, kind: str = "chain", ignore: Iterable[str] = ()
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def trace(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    kind: str = "chain",
    ignore: Iterable[str] = (),
) -> Any:
    """Record every call of a function, coroutine function, generator function or async generator function.

    `kind` is one of `treadle.kinds.KINDS`; a replay answers calls of kind llm, tool, retriever, embedding and reranker
    from the recording, and runs the others. Arguments named in `ignore` are neither recorded nor compared.

    Raises:
        UsageError: an unknown kind.

    """
    if kind not in KINDS:
        raise UsageError(f"kind {kind!r} is not known; use one of {', '.join(KINDS)}")
    if function is not None:
        return _traced(function, name=name, kind=kind, ignore=tuple(ignore))
    return lambda wrapped: _traced(wrapped, name=name, kind=kind, ignore=tuple(ignore))


def _traced(function: Any, *, name: str | None, kind: str, ignore: tuple[str, ...]) -> Any:
    if is_disabled():
        return function
    from treadle.functions import Traced
    from treadle.wrappers import wrap

    if isinstance(function, staticmethod | classmethod):
        inner = _traced(function.__func__, name=name, kind=kind, ignore=ignore)
        return type(function)(inner)
    return wrap(Traced(function, name=name, kind=kind, ignore=ignore))


class span:  # noqa: N801 - reads as a word in `with treadle.span(...)`
    """Record a stretch of code as a step.

        with treadle.span("rerank", kind="reranker", query=q) as span:
            span.set_output(docs)

    Keyword arguments are the step's input. It works in coroutines too.
    """

    __slots__ = ("_calls", "_inputs", "_kind", "_name", "_output")

    def __init__(self, name: str, *, kind: str = "chain", **inputs: Any) -> None:
        self._name = name
        self._kind = kind
        self._inputs = inputs
        self._output: Any = None
        self._calls: list[Call | None] = []

    def __enter__(self) -> span:
        call: Call | None = None
        if not is_disabled():
            call = loaded().begin(self._name, self._kind, lambda: self._inputs)
        if call is not None:
            if call.answer is not None:
                call.answer.stop(call)
            call.resume()
        self._calls.append(call)
        return self

    def set_output(self, output: Any) -> None:
        """Say what came out of the step: recorded when it ends."""
        self._output = output

    def set_attribute(self, name: str, value: str | float | bool) -> None:
        """Add an attribute, by one of OpenTelemetry's names or your own: recorded when the step ends."""
        call = self._calls[-1] if self._calls else None
        if call is not None:
            call.set_attribute(name, value)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        call = self._calls.pop()
        output, self._output = self._output, None
        if call is None:
            return
        call.suspend()
        if error is None:
            call.end(output)
        else:
            call.fail(error)
