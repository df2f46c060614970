"""The shapes of the OpenAI chat API: what a request may hold, and what a completion, a chunk and an error look like.

Reference: https://platform.openai.com/docs/api-reference/chat. Unlike there, the temperature is 0 unless asked for.
"""

import json
import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from smollm.chat import DEFAULT_MAX_TOKENS, Generation, Message, Settings


class RequestError(Exception):
    """A request that cannot be answered, with the body to say so."""

    def __init__(self, status: HTTPStatus, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        kind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a client asked for."""

    model: str
    messages: list[Message]
    settings: Settings
    stream: bool
    include_usage: bool


def parse_request(body: bytes) -> ChatRequest:
    """Read the body of a chat completion request. Raises RequestError."""
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, f"The body is not JSON: {error}") from error
    if not isinstance(fields, dict) or not isinstance(fields.get("model"), str):
        raise RequestError(HTTPStatus.BAD_REQUEST, "The request names no model.", param="model")
    messages = fields.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(item, dict) for item in messages):
        raise RequestError(HTTPStatus.BAD_REQUEST, "The request has no messages.", param="messages")
    options = fields.get("stream_options") or {}
    return ChatRequest(
        model=fields["model"],
        messages=[_message(message) for message in messages],
        settings=_settings(fields),
        stream=bool(fields.get("stream")),
        include_usage=bool(options.get("include_usage")),
    )


def _message(fields: dict[str, Any]) -> Message:
    content = fields.get("content") or ""
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    return Message(str(fields.get("role", "user")), content)


def _settings(fields: dict[str, Any]) -> Settings:
    stop = fields.get("stop") or ()
    max_tokens = fields.get("max_completion_tokens") or fields.get("max_tokens") or DEFAULT_MAX_TOKENS
    temperature = fields.get("temperature") or 0.0
    if not isinstance(max_tokens, int) or max_tokens < 1:
        raise RequestError(HTTPStatus.BAD_REQUEST, "max_tokens must be a whole number above 0.", param="max_tokens")
    if not isinstance(temperature, int | float) or not 0 <= temperature <= 2:
        raise RequestError(HTTPStatus.BAD_REQUEST, "temperature must be between 0 and 2.", param="temperature")
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    return Settings(max_tokens, float(temperature), fields.get("seed"), stops)


def models_body(model_id: str) -> dict[str, Any]:
    """Return the answer to GET /v1/models."""
    model = {"id": model_id, "object": "model", "created": 0, "owned_by": "treadle-examples"}
    return {"object": "list", "data": [model]}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer's identity, shared by its chunks."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self, text: str, generation: Generation) -> dict[str, Any]:
        """Return the whole answer at once."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": generation.finish_reason}
        return {**self._head("chat.completion"), "choices": [choice], "usage": _usage(generation)}

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        """Return one chunk of a streamed answer."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def usage_chunk(self, generation: Generation) -> dict[str, Any]:
        """Return the last chunk of a stream whose client asked for its usage."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": _usage(generation)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def _usage(generation: Generation) -> dict[str, int]:
    prompt, completion = generation.prompt_tokens, generation.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
