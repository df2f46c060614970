"""Streams of the OpenAI client made up from a recording: the client's own `Stream`, and nothing is sent."""

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

from openai import AsyncStream, Stream

from treadle import guard
from treadle.clients.chat_answer import Sum
from treadle.clients.openai_responses import made_up_response
from treadle.replay.answers import served_by

if TYPE_CHECKING:
    from treadle.call import Call


def stream(call: "Call", client: Any) -> Any:
    """Return a stream of what the recording answers; nothing is sent."""
    return _made_up(Stream, _ServedChunks(served_by(call).chunks(call), call), client)


def stream_later(call: "Call", client: Any) -> Any:
    """Return the same for the async client."""
    return _made_up(AsyncStream, _ServedLaterChunks(served_by(call).chunks_later(call), call), client)


class _ServedChunks:
    """The chunks of a served stream: the answer ends the call, unless it was never asked for one."""

    def __init__(self, chunks: Generator[Any, Any, Any], call: "Call") -> None:
        self._chunks = chunks
        self._call = call
        self._sum = Sum()
        call.total = self._sum.total

    def __iter__(self) -> "_ServedChunks":
        return self

    def __next__(self) -> Any:
        chunk = next(self._chunks)
        guard.attempt(lambda: self._sum.add(chunk))
        return chunk

    def close(self) -> None:
        """Stop reading."""
        self._chunks.close()
        self._call.end_stream(closed=True)

    def __del__(self) -> None:
        self.close()


class _ServedLaterChunks:
    """The same for the async client."""

    def __init__(self, chunks: AsyncGenerator[Any, Any], call: "Call") -> None:
        self._chunks = chunks
        self._call = call
        self._sum = Sum()
        call.total = self._sum.total

    def __aiter__(self) -> "_ServedLaterChunks":
        return self

    async def __anext__(self) -> Any:
        chunk = await anext(self._chunks)
        guard.attempt(lambda: self._sum.add(chunk))
        return chunk

    async def aclose(self) -> None:
        """Stop reading."""
        await self._chunks.aclose()
        self._call.end_stream(closed=True)

    def __del__(self) -> None:
        self._call.end_stream(closed=True)


def _made_up(kind: Any, chunks: Any, client: Any) -> Any:
    stream = object.__new__(kind)
    stream.response = made_up_response(client, content_type="text/event-stream")
    stream._client = client
    stream._iterator = chunks
    if kind is AsyncStream:
        stream.response.aclose = chunks.aclose
    else:
        stream.response.close = chunks.close
    return stream
