"""An HTTP server on loopback that answers anything, and remembers which headers came.

    with Listener() as listener:
        get(listener.url("localhost", "/a"))
        assert listener.values("traceparent") == [...]

`/to/<url>` redirects to a URL. Asked for an absolute URL it is a proxy, and answers in the other's place.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote


class Listener:
    """The server, while a `with` block lasts."""

    def __init__(self) -> None:
        self.requests: list[dict[str, list[str]]] = []
        """The headers of each request, by lower-case name."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"listener": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def url(self, host: str = "localhost", path: str = "/") -> str:
        """Return a URL of it, by one of the names of this machine."""
        return f"http://{host}:{self.port}{path}"

    def redirect(self, host: str, *, to: str) -> str:
        """Return a URL of it that redirects."""
        return self.url(host, f"/to/{quote(to, safe='')}")

    def values(self, name: str) -> list[list[str]]:
        """Return the values that each request had of a header."""
        return [headers.get(name, []) for headers in self.requests]

    def __enter__(self) -> "Listener":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    listener: Listener
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, or redirect."""
        headers: dict[str, list[str]] = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        self.listener.requests.append(headers)
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path.removeprefix("/to/")))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self) -> None:
        """Take the body, and answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
