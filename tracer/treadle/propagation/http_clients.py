"""Where each HTTP client sends a request: there, once for each hop of a redirect, it gets its headers.

They are added to what is sent, never to the request that the program holds, so that a redirect to another host carries
none along. A request that has a `traceparent` keeps it, whoever put it there. `http.client` stands for
`urllib.request`, `urllib3` and `requests`, which send through it. Nothing is patched before a host is named.
"""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from treadle import guard
from treadle.clients.importing import Patch, when_imported
from treadle.propagation.outgoing import headers_to
from treadle.settings import settings, when_changed

HEADER = "traceparent"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def install() -> None:
    """Patch the clients as soon as a host is named."""
    _patch_if_named()
    when_changed(_patch_if_named)


def _patch_if_named() -> None:
    if settings().propagate:
        for module, patch in _PATCHES.items():
            when_imported(module, patch)


def _patch_http_client(module: ModuleType) -> None:
    connection = module.HTTPConnection
    original = connection.endheaders

    @functools.wraps(original)
    def endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._HTTPConnection__state == "Request-started":  # else it raises, and so would `putheader`
            guard.attempt(lambda: _add_to_connection(connection, self))
        return original(self, *args, **kwargs)

    connection.endheaders = endheaders


def _add_to_connection(connection: Any, request: Any) -> None:
    lines: list[bytes] = request._buffer  # noqa: SLF001 - there is no other place where it is still whole
    if any(line[: len(HEADER) + 1].lower() == b"traceparent:" for line in lines):
        return
    for name, value in headers_to(*_destination(request, lines[0])).items():
        connection.putheader(request, name, value)


def _destination(request: Any, request_line: bytes) -> tuple[str | None, int | None]:
    """Return whom a request is for; where it goes to a proxy, its line or the tunnel says so."""
    target = request_line.split(b" ")[1].decode("latin-1")
    if "://" in target:
        url = urlsplit(target)
        return url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)
    if request._tunnel_host:  # noqa: SLF001 - set by the public `set_tunnel`
        return request._tunnel_host, request._tunnel_port  # noqa: SLF001
    return request.host, request.port


def _patch_httpx(module: ModuleType) -> None:
    _wrap_sync(module.Client)
    _wrap_async(module.AsyncClient)


def _wrap_sync(client: Any) -> None:
    original = client._send_single_request  # noqa: SLF001 - what redirects and authentication repeat

    @functools.wraps(original)
    def _send_single_request(self: Any, request: Any) -> Any:
        with _headed(request):
            return original(self, request)

    client._send_single_request = _send_single_request  # noqa: SLF001


def _wrap_async(client: Any) -> None:
    original = client._send_single_request  # noqa: SLF001

    @functools.wraps(original)
    async def _send_single_request(self: Any, request: Any) -> Any:
        with _headed(request):
            return await original(self, request)

    client._send_single_request = _send_single_request  # noqa: SLF001


@contextmanager
def _headed(request: Any) -> Iterator[None]:
    """Lend the headers to an httpx request while it is sent: what is built from it for a redirect has none."""
    url = request.url
    lent = {} if HEADER in request.headers else headers_to(url.host, url.port or _DEFAULT_PORTS.get(url.scheme))
    own = {name: request.headers[name] for name in lent if name in request.headers}
    request.headers.update(lent)
    try:
        yield
    finally:
        for name, value in lent.items():
            if request.headers.get(name) == value:
                del request.headers[name]
        request.headers.update(own)


def _patch_aiohttp(module: ModuleType) -> None:
    request = module.ClientRequest
    original = request.send

    @functools.wraps(original)
    async def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        if HEADER not in self.headers and self.method != "CONNECT":  # that one is for the proxy
            self.headers.update(headers_to(self.url.host, self.url.port))
        return await original(self, *args, **kwargs)

    request.send = send


_PATCHES: dict[str, Patch] = {
    "http.client": _patch_http_client,
    "httpx._client": _patch_httpx,
    "httpx2._client": _patch_httpx,
    "aiohttp.client_reqrep": _patch_aiohttp,
}
"""By the module that sends."""
