"""ASGI: an application is called once for each request, and streams, background tasks and all happen in that call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from treadle.continuing import continued

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

_SEEN = "treadle.continued"
"""Marks a scope: an application that is mounted in another gets the same request."""


class ASGIMiddleware:
    """Handle requests that carry a `traceparent` under the span that it names."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Handle a request."""
        with continued(headers_of(scope)):
            await self.app(scope, receive, send)


def headers_of(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request; none where it was seen already, or is none."""
    if scope.get("type") not in ("http", "websocket") or scope.get(_SEEN):
        return []
    scope[_SEEN] = True
    return list(scope.get("headers", ()))
