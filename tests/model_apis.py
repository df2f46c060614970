"""The APIs of models on loopback, to the byte: what came, and what is answered.

with ModelApi(message("hello")) as api:
    post(api.url)
    assert api.asked[0].body == b"..."
"""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class ModelApi:
    """A server that answers every request with the same, while a `with` block lasts."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[Asked] = []
        self.is_silent = False
        """Whether it answers only once it is stopped."""
        self.stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "ModelApi":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    api: ModelApi

    def do_POST(self) -> None:
        """Keep what came, and answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.api.asked.append(Asked(self.path, headers, body))
        if self.api.is_silent:
            self.api.stopping.wait()
            return
        reply = self.api.reply
        self.send_response(reply.status)
        for name, value in {"content-type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def completion(text: str, *, model: str = "gpt-4o-2024") -> Reply:
    """Return what the OpenAI API answers."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}
    return _json({"id": "chatcmpl-1", "object": "chat.completion", "model": model, "choices": [choice], "usage": usage})


def message(text: str, *, calls: tuple[tuple[str, dict[str, Any]], ...] = ()) -> Reply:
    """Return what the Anthropic API answers."""
    tools = [
        {"type": "tool_use", "id": f"toolu_{at}", "name": name, "input": given}
        for at, (name, given) in enumerate(calls)
    ]
    usage = {"input_tokens": 5, "cache_read_input_tokens": 6, "cache_creation_input_tokens": 7, "output_tokens": 3}
    content = [{"type": "text", "text": text}, *tools]
    return _json(
        {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-1", "content": content,
         "stop_reason": "end_turn", "usage": usage}
    )  # fmt: skip


def vectors(*numbers: list[float]) -> Reply:
    """Return what the embeddings API answers."""
    data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(numbers)]
    return _json({"object": "list", "model": "embed-1", "data": data, "usage": {"prompt_tokens": 2, "total_tokens": 2}})


def failure(status: int, text: str) -> Reply:
    """Return an error as both APIs write it."""
    return Reply(json.dumps({"error": {"type": "scripted", "message": text}}).encode(), status)


def _json(body: dict[str, Any]) -> Reply:
    return Reply(json.dumps(body).encode())
