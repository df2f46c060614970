"""Requests to hosts named in `propagate` carry the current call; no other request carries anything."""

import asyncio
import http.client
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests

import recorded
import treadle
from loopback import Listener
from programs import python
from servers import ModelServer
from treadle.propagation.hosts import is_named

Get = Callable[..., Any]
THEIRS = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-00"}


def by_urllib(url: str, headers: dict[str, str] | None = None) -> None:
    """Get by the standard library."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {})) as response:
        response.read()


def by_requests(url: str, headers: dict[str, str] | None = None) -> None:
    """Get by requests; what it sent is not changed under the program's eyes."""
    with requests.Session() as session:
        response = session.get(url, headers=headers)
        sent = [response.request, *(earlier.request for earlier in response.history)]
        assert all("traceparent" not in request.headers for request in sent) or headers


def by_httpx(url: str, headers: dict[str, str] | None = None, module: Any = httpx) -> None:
    """Get by httpx; the same."""
    with module.Client(follow_redirects=True) as client:
        response = client.get(url, headers=headers)
        sent = [response.request, *(earlier.request for earlier in response.history)]
        assert all("traceparent" not in request.headers for request in sent) or headers


def by_httpx_later(url: str, headers: dict[str, str] | None = None, module: Any = httpx) -> None:
    """Get by its async client."""

    async def get() -> None:
        async with module.AsyncClient(follow_redirects=True) as client:
            await client.get(url, headers=headers)

    asyncio.run(get())


def by_httpx2(url: str, headers: dict[str, str] | None = None) -> None:
    """Get by httpx2."""
    by_httpx(url, headers, httpx2)


def by_httpx2_later(url: str, headers: dict[str, str] | None = None) -> None:
    """Get by its async client."""
    by_httpx_later(url, headers, httpx2)


def by_aiohttp(url: str, headers: dict[str, str] | None = None) -> None:
    """Get by aiohttp."""

    async def get() -> None:
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
            await response.read()

    asyncio.run(get())


CLIENTS: list[Get] = [by_urllib, by_requests, by_httpx, by_httpx_later, by_httpx2, by_httpx2_later, by_aiohttp]


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Return a server on loopback, known as localhost and as 127.0.0.1; only the first is named."""
    treadle.configure(propagate=["localhost"])
    with Listener() as listener:
        yield listener


@treadle.trace
def call(act: Callable[[], Any]) -> None:
    """Do something inside a traced call."""
    act()


@pytest.mark.parametrize("get", CLIENTS, ids=lambda get: get.__name__)
def test_a_named_host_is_told_which_call_asks(store: Path, listener: Listener, get: Get) -> None:
    """Each request is a submission of its own; outside of every call there is nothing to tell."""
    call(lambda: (get(listener.url()), get(listener.url())))
    get(listener.url())
    start = recorded.only(store).start
    assert listener.values("traceparent") == [[f"00-{start['trace']}-{start['span']}-01"]] * 2 + [[]]
    (first,), (second,), nothing = listener.values("tracestate")
    assert all(re.fullmatch(rf"treadle={start['span']}-[0-9]+(\.[0-9]+)*", value) for value in (first, second))
    assert (first != second, nothing) == (True, [])


@pytest.mark.parametrize("get", CLIENTS, ids=lambda get: get.__name__)
def test_no_other_host_is_told_anything(listener: Listener, get: Get) -> None:
    """Neither asked at once, nor through a redirect from a named one; a named one is, wherever the redirect is from."""
    call(lambda: get(listener.url("127.0.0.1")))
    call(lambda: get(listener.redirect("localhost", to=listener.url("127.0.0.1"))))
    call(lambda: get(listener.redirect("127.0.0.1", to=listener.url("localhost"))))
    told = [bool(values) for values in listener.values("traceparent")]
    assert told == [bool(values) for values in listener.values("tracestate")]
    assert told == [False, True, False, False, True]


@pytest.mark.parametrize("get", CLIENTS, ids=lambda get: get.__name__)
def test_a_header_of_the_programs_own_is_left_alone(listener: Listener, get: Get) -> None:
    """Whoever set it, there is one, and it is theirs."""
    call(lambda: get(listener.url(), headers=THEIRS))
    assert listener.values("traceparent") == [[THEIRS["traceparent"]]]
    assert listener.values("tracestate") == [[]]


def test_a_host_that_is_named_no_longer_is_told_nothing(listener: Listener) -> None:
    """What `propagate` says holds at the moment of the request."""
    call(lambda: by_httpx(listener.url()))
    treadle.configure(propagate=[])
    call(lambda: (by_httpx(listener.url()), by_urllib(listener.url())))
    assert [bool(values) for values in listener.values("traceparent")] == [True, False, False]


def test_a_proxy_is_not_taken_for_the_host(listener: Listener) -> None:
    """Through a proxy the host behind it counts."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": listener.url("localhost")}))
    treadle.configure(propagate=["localhost", "named.invalid"])
    call(lambda: [opener.open(f"http://{name}.invalid/").close() for name in ("named", "other")])
    assert [bool(values) for values in listener.values("traceparent")] == [True, False]


def test_a_tunnel_is_not_taken_for_the_host(listener: Listener) -> None:
    """What is sent through a tunnel is for its other end."""
    treadle.configure(propagate=["named.invalid"])

    class Tunnel(http.client.HTTPConnection):
        def connect(self) -> None:
            host, self._tunnel_host = self._tunnel_host, None  # type: ignore[has-type] # as if it were dug already
            super().connect()
            self._tunnel_host = host

    def get(host: str) -> None:
        connection = Tunnel(*urlsplit(listener.url()).netloc.split(":"))  # type: ignore[arg-type]
        connection.set_tunnel(host, 80)
        connection.request("GET", "/")
        connection.getresponse().read()
        connection.close()

    call(lambda: (get("named.invalid"), get("other.invalid")))
    assert [bool(values) for values in listener.values("traceparent")] == [True, False]


def test_the_openai_client_tells_a_named_host(store: Path, model_server: ModelServer, client: openai.OpenAI) -> None:
    """The model call itself is what the request comes from."""
    treadle.configure(propagate=["127.0.0.1"])
    with Listener() as listener, openai.OpenAI(base_url=listener.url("127.0.0.1"), api_key="none") as named:
        call(lambda: named.models.list())
        call(lambda: named.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}]))
        chat = recorded.named(store, "chat m").start
        assert listener.values("traceparent")[1] == [f"00-{chat['trace']}-{chat['span']}-01"]


def test_nothing_is_patched_before_a_host_is_named() -> None:
    """A program that names none has its clients as they are; they are patched when one is named, imported or not."""
    source = (
        "import http.client, treadle\n"
        "with treadle.span('a'): pass\n"
        "import httpx\n"
        "patched = lambda: (hasattr(http.client.HTTPConnection.endheaders, '__wrapped__'),\n"
        "    hasattr(httpx.Client._send_single_request, '__wrapped__'))\n"
        "print(patched())\n"
        "treadle.configure(propagate=['a.b'])\n"
        "print(patched())\n"
        "import aiohttp; print(hasattr(aiohttp.ClientRequest.send, '__wrapped__'))"
    )
    assert python(source) == "(False, False)\n(True, True)\nTrue\n"


@pytest.mark.parametrize(
    ("host", "port", "pattern", "named"),
    [
        ("api.internal", 443, "api.internal", True),
        ("API.Internal.", 443, "api.internal", True),
        ("api.internal", 443, "API.INTERNAL", True),
        ("api.internal.evil.com", 443, "api.internal", False),
        ("a.example.com", 80, "*.example.com", True),
        ("a.b.example.com", 80, "*.example.com", True),
        ("example.com", 80, "*.example.com", False),
        ("evilexample.com", 80, "*.example.com", False),
        ("localhost", 8000, "localhost:8000", True),
        ("localhost", 8001, "localhost:8000", False),
        ("localhost", None, "localhost:8000", False),
        ("::1", 8000, "[::1]:8000", True),
        ("::1", 80, "[::1]", True),
        ("::1", 80, "::1", True),
        ("fe80::1", 80, "::1", False),
        ("anything", 80, "*", True),
        ("anything", 80, "", False),
    ],
)
def test_hosts_are_named_by_globs_and_ports(host: str, port: int | None, pattern: str, named: bool) -> None:
    """In any case, on the whole name."""
    assert is_named(host, port, (pattern,)) is named
