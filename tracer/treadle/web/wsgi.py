"""WSGI: an application returns its body, which the server takes piece by piece after the call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from treadle.continuing import continued

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]

_SEEN = "treadle.continued"
"""Marks an environment: an application that is mounted in another gets the same request."""


class WSGIMiddleware:
    """Handle requests that carry a `traceparent` under the span that it names."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Handle a request."""
        return handle(self.app, environ, start_response)


def handle(app: App, environ: Environ, start_response: Any) -> Iterable[bytes]:
    """Call an application under the span that a request names, and have its body made there too."""
    if environ.get(_SEEN) or "HTTP_TRACEPARENT" not in environ:
        return app(environ, start_response)
    environ[_SEEN] = True
    names = {"traceparent": "HTTP_TRACEPARENT", "tracestate": "HTTP_TRACESTATE"}
    parent = continued({header: environ[name] for header, name in names.items() if name in environ})
    with parent:
        body = app(environ, start_response)
    return body if _is_made(body, environ) else _Body(body, parent)


def _is_made(body: Iterable[bytes], environ: Environ) -> bool:
    """Tell whether a body runs no code of the application: servers look at the length of a list, and send files."""
    file_wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(body, list | tuple) or (isinstance(file_wrapper, type) and isinstance(body, file_wrapper))


class _Body:
    """Makes each piece of a body under the span that the request names."""

    def __init__(self, body: Iterable[bytes], parent: continued) -> None:
        self._body = body
        self._parent = parent
        self._pieces: Iterator[bytes] | None = None

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> bytes:
        with self._parent:
            if self._pieces is None:
                self._pieces = iter(self._body)
            return next(self._pieces)

    def close(self) -> None:
        """Close the body, if it wants to be closed."""
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._parent:
                close()
