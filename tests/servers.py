"""An OpenAI-compatible model server on loopback: it counts requests and answers by script, whole or as a stream.

    with ModelServer() as server:
        server.script(Answer("first"), Answer("second"))          # in the order of arrival, or
        server.rule = lambda request: Answer(f"{request['messages'][-1]['content']}!")
        client = openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0)

Without a script it echoes the last message. `latency_s` makes each answer take a random time up to that.
"""

import json
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREATED = 1_700_000_000
PROMPT_TOKENS = 11


@dataclass(frozen=True, kw_only=True)
class Hang:
    """Where an answer stops until `ModelServer.release` is set: before it begins, or after that many chunks."""

    after_chunks: int = 0


@dataclass(frozen=True)
class Answer:
    """What the server says to one request."""

    text: str = ""
    status: int = 200
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Name and arguments (JSON text) of each."""
    finish_reason: str = "stop"
    hang: Hang | None = None
    drop_after_chunks: int | None = None
    """The connection breaks in the middle of a stream after that many chunks."""
    body: str | None = None
    """The whole body as it is sent, in place of one that is made from the fields above."""
    headers: dict[str, str] = field(default_factory=dict)


Rule = Callable[[dict[str, Any]], Answer]


def echo(request: dict[str, Any]) -> Answer:
    """Answer with the last message."""
    return Answer(f"echo: {request['messages'][-1]['content']}")


class ModelServer:
    """Serves `/v1/chat/completions` and counts what it is asked."""

    def __init__(self, *, latency_s: float = 0.0, port: int = 0, seed: int | None = None) -> None:
        self.rule: Rule = echo
        self.latency_s = latency_s
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.release = threading.Event()
        self._script: deque[Answer] = deque()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.model = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def base_url(self) -> str:
        """The address that a client is given."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def count(self) -> int:
        """How many requests came."""
        return len(self.requests)

    def script(self, *answers: Answer) -> None:
        """Give these answers next, in the order in which requests arrive; then the rule answers again."""
        self._script.extend(answers)

    def __enter__(self) -> "ModelServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening; what hangs is let go. A second time does nothing."""
        self.release.set()
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def take(self, request: dict[str, Any], headers: dict[str, str]) -> Answer:
        """Count a request and choose its answer."""
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            answer = self._script.popleft() if self._script else self.rule(request)
            latency_s = self._random.uniform(0, self.latency_s)
        if latency_s:
            self.release.wait(latency_s)
        return answer


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    model: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        request = json.loads(self.rfile.read(length) or b"{}")
        model = self.server.model
        answer = model.take(request, {name.lower(): value for name, value in self.headers.items()})
        if answer.hang is not None and answer.hang.after_chunks == 0:
            model.release.wait()
        if answer.status != 200:
            error = {"error": {"message": answer.text, "type": "scripted", "code": str(answer.status)}}
            self._send(answer, json.dumps(error), "application/json")
        elif request.get("stream"):
            self._stream(answer, request)
        else:
            self._send(answer, json.dumps(completion(request, answer, model.count)), "application/json")

    def _send(self, answer: Answer, text: str, content_type: str) -> None:
        body = (answer.body if answer.body is not None else text).encode()
        self.send_response(answer.status)
        self.send_header("content-type", answer.headers.get("content-type", content_type))
        self.send_header("content-length", str(len(body)))
        self.send_header("x-request-id", f"req-{self.server.model.count}")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, answer: Answer, request: dict[str, Any]) -> None:
        if answer.body is not None:
            self._send(answer, "", "text/event-stream")
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for sent, chunk in enumerate(chunks(request, answer, self.server.model.count)):
            if answer.drop_after_chunks == sent:
                return
            if answer.hang is not None and answer.hang.after_chunks == sent:
                self.server.model.release.wait()
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")


def completion(request: dict[str, Any], answer: Answer, number: int) -> dict[str, Any]:
    """Return the body of a whole answer."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": f"call-{at}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for at, (name, arguments) in enumerate(answer.tool_calls)
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    return {
        **_head(request, number, "chat.completion"),
        "choices": [choice],
        "usage": usage(answer),
    }


def chunks(request: dict[str, Any], answer: Answer, number: int) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a streamed answer: one a word, each tool call in two, usage where it was asked for."""
    head = _head(request, number, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]}

    yield chunk({"role": "assistant", "content": ""})
    words = answer.text.split(" ") if answer.text else []
    for at, word in enumerate(words):
        yield chunk({"content": word if at == 0 else f" {word}"})
    for at, (name, arguments) in enumerate(answer.tool_calls):
        opening = {"index": at, "id": f"call-{at}", "type": "function", "function": {"name": name, "arguments": ""}}
        yield chunk({"tool_calls": [opening]})
        for part in (arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]):
            yield chunk({"tool_calls": [{"index": at, "function": {"arguments": part}}]})
    yield chunk({}, answer.finish_reason)
    if (request.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": usage(answer)}


def usage(answer: Answer) -> dict[str, Any]:
    """Return the token counts of an answer: as many as it has words."""
    completed = len(answer.text.split())
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": completed,
        "total_tokens": PROMPT_TOKENS + completed,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


def _head(request: dict[str, Any], number: int, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{number}",
        "object": kind,
        "created": CREATED,
        "model": f"{request['model']}-2024",
    }
