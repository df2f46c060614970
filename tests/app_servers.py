"""Servers on loopback for applications: WSGI by the standard library, ASGI by h11.

    with serving_wsgi(app) as port: ...
    with serving_asgi(app) as port: ...
    status, body = send(port, "/path", headers=[("traceparent", "...")])

They serve one request at a time, and say nothing on stderr.
"""

import asyncio
import contextlib
import http.client
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer, make_server

import h11

Pairs = Iterable[tuple[str, str]]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


def send(port: int, path: str = "/", *, headers: Pairs = (), body: bytes = b"") -> tuple[int, bytes]:
    """Post to a server on loopback, with exactly these headers, and return its status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest("POST", path)
        connection.putheader("Content-Length", str(len(body)))
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextlib.contextmanager
def serving_wsgi(app: Callable[..., Iterable[bytes]]) -> Iterator[int]:
    """Serve an application in a thread, and return the port."""
    server = make_server("127.0.0.1", 0, app, server_class=_QuietServer, handler_class=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _QuietServer(WSGIServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing of a client that went away."""


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """Serve one request, and keep the traceback of an application that raises to itself."""
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            handler = _QuietServerHandler(self.rfile, self.wfile, self.get_stderr(), self.get_environ())
            handler.request_handler = self  # type: ignore[attr-defined]
            handler.run(self.server.get_app())  # type: ignore[attr-defined]


class _QuietServerHandler(ServerHandler):
    def log_exception(self, exc_info: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving_asgi(app: AsgiApp) -> Iterator[int]:
    """Serve an application by an event loop in a thread, and return the port."""
    started: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(lambda reader, writer: _serve_one(app, reader, writer), "127.0.0.1", 0)
        await started.put(server.sockets[0].getsockname()[1])
        async with server:
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(started.get(), loop).result(20)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _serve_one(app: AsgiApp, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    request, body = await _received(connection, reader)
    path, _, query = request.target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method.decode(),
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [*request.headers],
        "client": None,
        "server": ("127.0.0.1", 0),
    }
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(messages, None) or await asyncio.Event().wait()

    async def answer(message: Any) -> None:
        if message["type"] == "http.response.start":
            response = h11.Response(
                status_code=message["status"], headers=[*message["headers"], (b"connection", b"close")]
            )
            writer.write(connection.send(response) or b"")
        else:
            writer.write(connection.send(h11.Data(data=message.get("body", b""))) or b"")
            if not message.get("more_body"):
                writer.write(connection.send(h11.EndOfMessage()) or b"")
                await writer.drain()
                writer.write_eof()

    with contextlib.suppress(Exception):  # a server lives on when an application raises
        await app(scope, receive, answer)
    writer.close()


async def _received(connection: Any, reader: asyncio.StreamReader) -> tuple[Any, bytes]:
    request, body = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return request, body
