"""What a request asks for hangs under the span that its `traceparent` names, in every part of its handling."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from flask import Flask, Response
from starlette.applications import Starlette
from starlette.routing import Mount

import recorded
import treadle
from app_servers import send, serving_asgi, serving_wsgi
from treadle.web import ASGIMiddleware, WSGIMiddleware
from waiting import wait_until

TRACE, SPAN, CALL = "a" * 32, "b" * 16, "c" * 16
HEADER = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
FROM_TREADLE = {**HEADER, "tracestate": f"treadle={CALL}-3.1"}


@treadle.trace
def work(text: str) -> str:
    """Answer."""
    return text


def places(store: Path) -> dict[str, tuple[str, str | None, str]]:
    """Return trace, parent and place of each call by what it was given."""
    starts = {call.given["text"]: call.start for call in recorded.calls(store)}
    return {text: (start["trace"], start.get("parent"), start["ord"]) for text, start in starts.items()}


def fastapi_app() -> FastAPI:
    """Return an application that works in every part of a request."""
    app = FastAPI()

    @app.post("/later")
    async def later(after: BackgroundTasks) -> str:
        after.add_task(work, "background")
        return work("later")

    @app.post("/thread")
    def in_a_thread() -> str:
        return work("thread")

    @app.post("/stream")
    async def stream() -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            yield work("first")
            await asyncio.sleep(0)
            yield work("second")

        return StreamingResponse(pieces())

    @app.post("/stream-in-threads")
    async def stream_in_threads() -> StreamingResponse:
        return StreamingResponse(map(work, ("first", "second")))

    @app.post("/fail")
    async def fail() -> None:
        work("fail")
        raise ValueError("no answer")

    return app


def flask_app() -> Flask:
    """Return the same as far as Flask has it."""
    app = Flask("app")
    app.testing = False

    @app.post("/thread")
    def in_a_thread() -> str:
        return work("thread")

    @app.post("/stream")
    def stream() -> Response:
        return Response(map(work, ("first", "second")))

    @app.post("/fail")
    def fail() -> str:
        work("fail")
        raise ValueError("no answer")

    app.logger.disabled = True
    return app


@pytest.fixture(scope="module")
def fastapi_port() -> Iterator[int]:
    """Serve FastAPI, instrumented."""
    treadle.instrument()
    with serving_asgi(fastapi_app()) as port:
        yield port


@pytest.fixture(scope="module")
def flask_port() -> Iterator[int]:
    """Serve Flask, instrumented."""
    treadle.instrument()
    with serving_wsgi(flask_app()) as port:
        yield port


EXPECTED = {
    "/later": {"later": 200, "background": 200},
    "/thread": {"thread": 200},
    "/stream": {"first": 200, "second": 200},
    "/stream-in-threads": {"first": 200, "second": 200},
    "/fail": {"fail": 500},
}
PARTS = [("fastapi_port", path) for path in EXPECTED] + [
    ("flask_port", path) for path in ("/thread", "/stream", "/fail")
]


@pytest.mark.parametrize(("server", "path"), PARTS)
def test_frameworks_continue_a_request(store: Path, request: pytest.FixtureRequest, server: str, path: str) -> None:
    """In coroutines, threads, streams, background tasks and before exceptions; the next request begins anew."""
    port = request.getfixturevalue(server)
    status, body = send(port, path, headers=FROM_TREADLE.items())
    texts = EXPECTED[path]
    assert status in texts.values()
    found = wait_until(lambda: len(places(store)) == len(texts) and places(store))
    assert {text: parent[:2] for text, parent in found.items()} == dict.fromkeys(texts, (TRACE, CALL))
    assert all(place.startswith("3.1.") for _, _, place in found.values())
    assert len({place for *_, place in found.values()}) == len(texts)
    assert status == 500 or b"first" in body or b"later" in body or b"thread" in body
    before = {call.start["span"] for call in recorded.calls(store)}
    send(port, path)
    later = wait_until(lambda: (calls := _others(store, before)) and len(calls) == len(texts) and calls)
    assert all(call.start["trace"] != TRACE and "parent" not in call.start for call in later)


def _others(store: Path, before: set[str]) -> list[recorded.Recorded]:
    return [call for call in recorded.calls(store) if call.start["span"] not in before]


def test_a_request_of_a_stranger_hangs_under_the_span_it_names(store: Path, flask_port: int) -> None:
    """Where no Treadle sent it, that is the parent."""
    send(flask_port, "/thread", headers=HEADER.items())
    assert places(store) == {"thread": (TRACE, SPAN, "0")}


def test_a_mounted_application_stays_where_it_is(store: Path) -> None:
    """It gets the same request again, and a call around it is its parent."""

    class Traced:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            with treadle.span("around", text="around"):
                await self.app(scope, receive, send)

    treadle.instrument()
    app = ASGIMiddleware(Starlette(routes=[Mount("/inner", app=Traced(fastapi_app()))]))
    with serving_asgi(app) as port:
        assert send(port, "/inner/thread", headers=HEADER.items())[0] == 200
    (around,) = [call for call in recorded.calls(store) if call.name == "around"]
    assert (around.start["parent"], around.tree) == (SPAN, ["around", ["work"]])


class Body:
    """A WSGI body that works when it is taken and when it is closed."""

    def __init__(self) -> None:
        self._pieces = iter(["first", "second"])

    def __iter__(self) -> "Body":
        return self

    def __next__(self) -> bytes:
        """Return the next piece."""
        return work(next(self._pieces)).encode()

    def close(self) -> None:
        """Work once more."""
        work("closed")


def test_a_wsgi_body_is_made_under_the_request(store: Path) -> None:
    """Piece by piece after the handler returned, and when it is closed; nothing is current in between."""
    between = []

    def app(_: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Body()

    def watched(environ: Any, start_response: Any) -> Iterable[bytes]:
        body = WSGIMiddleware(app)(environ, start_response)
        try:
            for piece in body:
                between.append(treadle.current())
                yield piece
        finally:
            body.close()  # type: ignore[attr-defined]

    with serving_wsgi(watched) as port:
        assert send(port, headers=HEADER.items()) == (200, b"firstsecond")
    assert {text: parent[:2] for text, parent in places(store).items()} == dict.fromkeys(
        ("first", "second", "closed"), (TRACE, SPAN)
    )
    assert between == [None, None]


def test_a_body_that_is_made_already_is_handed_on() -> None:
    """Servers look at the length of a list, and send files by themselves."""

    class FileWrapper:
        def __iter__(self) -> Iterator[bytes]:
            return iter(())

    environ = {"HTTP_TRACEPARENT": HEADER["traceparent"], "wsgi.file_wrapper": FileWrapper}
    for body in ([b"whole"], FileWrapper()):
        assert WSGIMiddleware(lambda *_, body=body: body)({**environ}, None) is body


async def test_other_scopes_pass(store: Path) -> None:
    """Lifespan has no headers; a websocket has."""
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        work(scope["type"])
        seen.append(receive)

    for scope in (
        {"type": "lifespan"},
        {"type": "websocket", "headers": [(b"traceparent", HEADER["traceparent"].encode())]},
    ):
        await ASGIMiddleware(app)(scope, 1, 2)
    assert seen == [1, 1]
    assert [call.start.get("parent") for call in recorded.calls(store)] == [None, SPAN]
