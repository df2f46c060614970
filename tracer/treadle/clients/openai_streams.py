"""Streams of the OpenAI client, recorded while they are read.

The object that the user gets is the client's own `Stream`; only what it iterates over is ours. Its span ends once:
with the stream, when it is closed, when nobody holds it any more, or with the program.
"""

import atexit
import weakref
from typing import TYPE_CHECKING, Any

from treadle import guard
from treadle.clients.chat_answer import Sum

if TYPE_CHECKING:
    from treadle.call import Call

FAILED_IN_STREAM = "treadle.failed_in_stream"
"""Marks a call that failed before its first chunk, but after the stream was handed out."""


def record(stream: Any, call: "Call") -> Any:
    """Record what comes out of a stream from now on; returns the same stream."""
    recorded = RecordedChunks(_fresh(stream), call)
    stream._iterator = recorded  # noqa: SLF001 - the client has no public place for it
    _end_when_closed(stream.response, recorded)
    return stream


def _fresh(stream: Any) -> Any:
    """Return the stream's chunks through a twin of it.

    Its own iterator holds the stream, and with it ours: the two would be freed by the garbage collector only, some
    time after they are abandoned. Nothing has been read from it yet, so it can be begun anew.
    """
    twin = object.__new__(type(stream))
    twin.__dict__.update(stream.__dict__)
    twin._iterator = None
    return twin.__stream__()


class RecordedChunks:
    """The chunks of a stream, sync or async, recorded on their way to the user."""

    __slots__ = ("__weakref__", "_call", "_chunks", "_is_advancing", "_is_over", "_sum")

    def __init__(self, chunks: Any, call: "Call") -> None:
        self._chunks = chunks
        self._call = call
        self._sum = Sum()
        self._is_advancing = False
        self._is_over = False
        call.total = self._sum.total
        _open_streams.add(self)

    def __iter__(self) -> "RecordedChunks":
        return self

    def __aiter__(self) -> "RecordedChunks":
        return self

    def __next__(self) -> Any:
        if self._is_over:
            return next(self._chunks)
        self._enter()
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._leave()
            self.end()
            raise
        except BaseException as error:
            self._leave()
            self._fail(error)
            raise
        self._leave()
        self._take(chunk)
        return chunk

    async def __anext__(self) -> Any:
        if self._is_over:
            return await anext(self._chunks)
        self._enter()
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._leave()
            self.end()
            raise
        except BaseException as error:
            self._leave()
            self._fail(error)
            raise
        self._leave()
        self._take(chunk)
        return chunk

    def close(self) -> None:
        """Close the client's own generator."""
        self._chunks.close()
        self.end(closed=True)

    async def aclose(self) -> None:
        """Close the client's own async generator."""
        await self._chunks.aclose()
        self.end(closed=True)

    def end(self, *, closed: bool = False) -> None:
        """End the span, unless it has ended, or the client closes the response in the middle of the last step."""
        if self._is_over or self._is_advancing:
            return
        self._is_over = True
        guard.attempt(self._describe)
        self._call.end_stream(closed=closed)

    def __del__(self) -> None:
        self.end(closed=True)

    def _enter(self) -> None:
        self._is_advancing = True
        self._call.resume()

    def _leave(self) -> None:
        self._call.suspend()
        self._is_advancing = False

    def _take(self, chunk: Any) -> None:
        self._call.chunk(chunk)
        guard.attempt(lambda: self._sum.add(chunk))

    def _fail(self, error: BaseException) -> None:
        self._is_over = True
        guard.attempt(self._describe)
        if not self._sum.has_begun:
            self._call.ended_attributes[FAILED_IN_STREAM] = True
        self._call.fail(error)

    def _describe(self) -> None:
        self._call.ended_attributes.update(self._sum.attributes())


def _end_when_closed(response: Any, recorded: RecordedChunks) -> None:
    """End the span when the response is closed: every way of closing a stream comes down to that."""
    reference = weakref.ref(recorded)
    close, aclose = response.close, response.aclose

    def closing() -> None:
        close()
        if (open_stream := reference()) is not None:
            open_stream.end(closed=True)

    async def aclosing() -> None:
        await aclose()
        if (open_stream := reference()) is not None:
            open_stream.end(closed=True)

    response.close, response.aclose = closing, aclosing


_open_streams: weakref.WeakSet[RecordedChunks] = weakref.WeakSet()


def _end_all() -> None:
    for stream in list(_open_streams):
        stream.end(closed=True)


atexit.register(_end_all)
