"""`treadle.continued`: what a request asks for hangs under the traced call that sent it, in another process or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from treadle import guard
from treadle.config import is_disabled

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from treadle.lanes import Lane

Text = str | bytes
Headers = Mapping[str, Any] | Iterable[tuple[Text, Text]]


class continued:  # noqa: N801 - reads as a word in `with treadle.continued(...)`
    """Hang the calls inside under the span that a request's `traceparent` names, as W3C Trace Context says.

        with treadle.continued(message.headers):
            handle(message)

    Headers are a mapping or pairs, of text or bytes, in any case. Without a valid `traceparent` nothing changes. Where
    OpenTelemetry has a span for the request already, that stays the parent of the spans inside. It works in coroutines
    too.
    """

    __slots__ = ("_entered", "_headers", "_lane")

    def __init__(self, headers: Headers | None) -> None:
        self._headers = guard.attempt(lambda: _two_headers(headers))
        self._lane: Lane | None = None
        self._entered: list[tuple[Token[Lane | None], Any] | None] = []

    def __enter__(self) -> continued:
        if self._headers is not None and self._headers[0] and not is_disabled():
            self._lane = _arriving().arrived(*self._headers)
        self._headers = None  # entered again, it goes on in the same lane
        self._entered.append(_arriving().enter(self._lane) if self._lane is not None else None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        entered = self._entered.pop()
        if entered is not None:
            _arriving().leave(*entered)


def _arriving() -> Any:
    """Return what does the work, which a program without such requests never loads."""
    from treadle.propagation import arriving

    return arriving


def _two_headers(headers: Headers | None) -> tuple[list[str], list[str]]:
    """Return the values of `traceparent` and of `tracestate`; a message may have no headers at all."""
    found: dict[str, list[str]] = {"traceparent": [], "tracestate": []}
    given: Any = headers or ()
    pairs = given.items() if hasattr(given, "items") else given
    for name, value in pairs:
        values = found.get(_text(name).lower())
        if values is not None:
            values += [_text(one) for one in (value if isinstance(value, list | tuple) else (value,))]
    return found["traceparent"], found["tracestate"]


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
