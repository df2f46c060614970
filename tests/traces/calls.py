"""The calls that made traces hold: models in conversations that grow, tools, retrieval, errors, streams."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import orjson

from treadle.blobs import Blobs

from .texts import Texts

if TYPE_CHECKING:
    from .shape import Shape

HISTORY_BYTES = 10_000
"""Where a conversation is as long, what was said first is left out again."""
LARGE_PART_BYTES = 40_000
_MODELS = (
    (b"chat gpt-4o-mini", b"gpt-4o-mini", b"gpt-4o-mini-2024-07-18", b"openai"),
    (b"chat gpt-4o", b"gpt-4o", b"gpt-4o-2024-08-06", b"openai"),
    (b"ask_claude", b"claude-sonnet-4-5", b"claude-sonnet-4-5-20250929", b"anthropic"),
    (b"chat smollm2-135m", b"smollm2-135m", b"smollm2-135m", b"local"),
)
_SYSTEM = b'{"role":"system","content":"You are the refund desk of a small shop. Answer in JSON."}'
_KINDS = ("model",) * 6 + ("tool",) * 5 + ("retrieve",) * 3 + ("embed",) * 2 + ("parse",) * 3 + ("moderate",)


@dataclass(slots=True)
class MadeCall:
    """One call that makes no others: what its records hold."""

    name: bytes
    kind: bytes
    arguments: bytes
    result: bytes
    duration_ns: int
    attributes: bytes = b""
    status: bytes = b"ok"
    more: bytes = b""
    """Members of the end record."""
    chunks: tuple[bytes, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0


class Calls:
    """Makes calls one after the other; those of models carry on one conversation."""

    def __init__(self, shape: Shape, random: Random, store: Path) -> None:
        self._shape = shape
        self._random = random
        self._draw = random.random
        self._texts = Texts(random, needed_bytes=shape.span_count * shape.text_bytes)
        self._blobs = Blobs(store)
        self._made = 0
        self._large = 0
        self._history = _SYSTEM

    def new_conversation(self) -> None:
        """Have the models forget what was said."""
        self._history = _SYSTEM

    def text(self) -> bytes:
        """Return what somebody says, to stand between the quotes of JSON."""
        return self._texts.cut(self._shape.text_bytes)

    def next(self) -> MadeCall:
        """Return another call."""
        self._made += 1
        if self._shape.large_every and self._made % self._shape.large_every == 0:
            return self._fetch()
        kind = _KINDS[int(self._draw() * len(_KINDS))]
        call: MadeCall
        if kind == "model":
            call = self._ask_model()
        elif kind == "tool":
            call = self._tool()
        elif kind == "retrieve":
            call = self._retrieve()
        elif kind == "embed":
            call = MadeCall(b"embed", b"embedding", b'{"texts":["%s"]}' % self.text(), self._vector(), 12_000_000)
        elif kind == "parse":
            text = self.text()
            call = MadeCall(b"parse_answer", b"chain", b'{"text":"%s"}' % text, b'{"reason":"%s"}' % text, 300_000)
        else:
            call = MadeCall(b"moderate", b"guardrail", b'{"text":"%s"}' % self.text(), b"true", 40_000_000)
        if kind != "model" and self._draw() < self._shape.error_share:
            _fail(call, f"order {self._made} is not known")
        return call

    def _ask_model(self) -> MadeCall:
        name, model, exact, provider = _MODELS[int(self._draw() * len(_MODELS))]
        self._say(b'{"role":"user","content":"%s"}' % self.text())
        asked, said = self._history, self.text()
        self._say(b'{"role":"assistant","content":"%s"}' % said)
        usage = len(asked) // 4, len(said) // 4 + 1
        call = MadeCall(
            name, b"llm", b'{"model":"%s","messages":[%s],"temperature":0.2}' % (model, asked),
            b'{"$":"pydantic","type":"openai.types.chat.chat_completion:ChatCompletion","v":{"id":"chatcmpl-%d","model":"%s",'
            b'"object":"chat.completion","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant",'
            b'"content":"%s"}}],"usage":{"prompt_tokens":%d,"completion_tokens":%d}}}'
            % (self._made, exact, said, *usage),
            300_000_000 + len(said) * 4_000_000,
            attributes=b'{"gen_ai.operation.name":"chat","gen_ai.provider.name":"%s","gen_ai.request.model":"%s",'
            b'"gen_ai.request.temperature":0.2}' % (provider, model),
            more=b',"attrs":{"gen_ai.response.model":"%s","gen_ai.response.finish_reasons":["stop"],'
            b'"gen_ai.usage.input_tokens":%d,"gen_ai.usage.output_tokens":%d}' % (exact, *usage),
            input_tokens=usage[0], output_tokens=usage[1],
        )  # fmt: skip
        if self._draw() < self._shape.stream_share:
            call.chunks = self._streamed(said, exact)
        return call

    def _say(self, message: bytes) -> None:
        if len(self._history) > HISTORY_BYTES:
            self._history = _SYSTEM
        self._history += b"," + message

    def _streamed(self, said: bytes, model: bytes) -> tuple[bytes, ...]:
        pieces = said.decode().replace('\\"', "'").replace("\\n", " ").split(" ")
        each = max(1, len(pieces) // self._shape.chunks)
        return tuple(
            b'{"$":"pydantic","type":"openai.types.chat.chat_completion_chunk:ChatCompletionChunk","v":{"id":"chatcmpl-%d",'
            b'"model":"%s","choices":[{"index":0,"delta":{"content":"%s "}}]}}'
            % (self._made, model, " ".join(pieces[at : at + each]).encode())
            for at in range(0, len(pieces), each)
        )

    def _tool(self) -> MadeCall:
        said = self.text()
        self._say(b'{"role":"tool","tool_call_id":"call_%d","content":"%s"}' % (self._made, said))
        result = (
            b'{"order":%d,"paid":{"$":"decimal","v":"349.00"},"currency":"EUR","items":["loom","treadle"],"note":"%s"}'
        )
        arguments = b'{"order":%d,"with_payments":true}' % self._made
        return MadeCall(
            b"lookup_order", b"tool", arguments, result % (self._made, said), 5_000_000 + int(self._draw() * 2e8),
            attributes=b'{"gen_ai.tool.name":"lookup_order","gen_ai.tool.call.id":"call_%d"}' % self._made,
        )  # fmt: skip

    def _retrieve(self) -> MadeCall:
        documents = b",".join(
            b'{"id":"doc-%d.md","score":%.3f,"text":"%s"}' % (int(self._draw() * 10_000), self._draw(), self.text())
            for _ in range(3)
        )
        return MadeCall(
            b"retrieve", b"retriever", b'{"question":"%s","k":3}' % self.text(), b"[%s]" % documents, 30_000_000
        )

    def _vector(self) -> bytes:
        return b"[[%s]]" % b",".join(b"%.5f" % (self._draw() - 0.5) for _ in range(16))

    def _fetch(self) -> MadeCall:
        """Return a call whose answer is large, as many texts or, each other time, as one."""
        self._large += 1
        size = self._shape.large_bytes
        if self._large % 2:
            parts = [self._texts.cut(LARGE_PART_BYTES) for _ in range(max(1, size // LARGE_PART_BYTES))]
            result = b'["%s"]' % b'","'.join(parts)
        else:
            text = str(
                orjson.loads(b'"%s"' % b"".join(self._texts.cut(LARGE_PART_BYTES) for _ in range(size // 30_000)))
            )
            data = text.encode()
            result = b'{"$":"blob","of":"str","v":"%s","size":%d}' % (self._blobs.keep(data).encode(), len(text))
        return MadeCall(b"http.get", b"tool", b'{"url":"http://orders.local/%d"}' % self._made, result, 900_000_000)


def _fail(call: MadeCall, message: str) -> None:
    """Have the call raise instead."""
    frame = {
        "file": "/home/me/desk/desk.py", "line": 93, "function": "lookup_order", "source": "raise LookupError(order)",
        "locals": {"order": "4711"},
    }  # fmt: skip
    stack = f'Traceback (most recent call last):\n  File "desk.py", line 93, in lookup_order\nLookupError: {message}\n'
    error = {"type": "LookupError", "message": message, "frames": [frame], "stack": stack}
    call.status = b"error"
    call.more = b',"error":%s' % orjson.dumps(error)
    call.result = orjson.dumps(
        {"$": "exception", "type": "builtins:LookupError", "v": {"args": [message]}, "message": message}
    )
