"""`treadle.trace` and `treadle.span`: what people put into their programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from treadle.config import is_disabled
from treadle.loading import loaded
from treadle.options import Options

if TYPE_CHECKING:
    from functools import cached_property

    from treadle.call import Call

Thing = TypeVar("Thing", bound="Callable[..., Any] | classmethod[Any, ..., Any] | property | cached_property[Any]")
"""What can be traced; it comes back as what it was, for type checkers too."""


@overload
def trace(function: Thing, /) -> Thing: ...


@overload
def trace(
    *,
    name: str | None = None,
    kind: str | None = None,
    ignore: Iterable[str] = (),
    pickle: bool = False,
    idempotent: bool = True,
) -> Callable[[Thing], Thing]: ...


def trace(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    kind: str | None = None,
    ignore: Iterable[str] = (),
    pickle: bool = False,
    idempotent: bool = True,
) -> Any:
    """Record every call of a function, coroutine function, generator function or async generator function.

    Over a class it records those of the public methods that the class itself defines; over any other callable, its own.
    `kind` is one of `treadle.kinds.KINDS`, "chain" unless said; a replay answers calls of kind llm, tool, retriever,
    embedding and reranker from the recording, and runs the others. Arguments named in `ignore`, and variables of a
    function around it, are neither recorded nor compared. `pickle`: values that nothing else can store may be pickled.
    `idempotent`: it can be called again without harm.

    Raises:
        UsageError: an unknown kind, a name that is none, an ignored argument that there is not, or nothing to trace.

    """
    options = Options(name=name, kind=kind, ignore=ignore, pickle=pickle, idempotent=idempotent).checked()
    return _traced(function, options) if function is not None else lambda thing: _traced(thing, options)


def _traced(thing: Any, options: Options) -> Any:
    if is_disabled():
        return thing
    from treadle.wrappers import wrapped

    return wrapped(thing, options)


class span:  # noqa: N801 - reads as a word in `with treadle.span(...)`
    """Record a stretch of code as a step.

        with treadle.span("rerank", kind="reranker", query=q) as span:
            span.set_output(docs)

    Keyword arguments are the step's input. It works in coroutines too.
    """

    __slots__ = ("_calls", "_inputs", "_kind", "_name", "_output")

    def __init__(self, name: str, /, *, kind: str = "chain", **inputs: Any) -> None:
        Options(name=name, kind=kind).checked()
        self._name = name
        self._kind = kind
        self._inputs = inputs
        self._output: Any = None
        self._calls: list[Call | None] = []

    def __enter__(self) -> span:
        call: Call | None = None
        try:
            if not is_disabled():
                call = loaded().begin(self._name, self._kind, lambda: self._inputs)
            if call is not None:
                if call.answer is not None:
                    call.answer.stop(call)
                call.resume()
            self._calls.append(call)
        except BaseException as error:
            if call is not None:
                call.break_off(error)
            raise
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
        call: Call | None = None
        try:
            call = self._calls.pop()
            output, self._output = self._output, None
            if call is None:
                return
            call.suspend_block()
            if error is None:
                call.end(output)
            else:
                if output is not None:
                    call.total = lambda: output  # what an early exit leaves
                call.fail(error)
        except BaseException as interruption:
            if call is not None:
                call.break_off(interruption)
            raise
