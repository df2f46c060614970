"""The answer to a call that is served: it waits for its turn, ends the call, and returns, raises or streams."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import orjson

from treadle.errors import NotReplayableError
from treadle.model import RecordedCall, Source
from treadle.replay.divergence import DivergedError
from treadle.replay.moments import Moment
from treadle.replay.order import Order
from treadle.replay.reviving import revived

if TYPE_CHECKING:
    from treadle.call import Call

CANCELLATION_GRACE_S = 1.0
"""A call that was cancelled in the recording waits twice as long as it did then, and this, to be cancelled again."""


class Answer(Protocol):
    """What a wrapper or a client patch asks instead of running the call."""

    held: None
    """The arguments to run it with, where it is to run: see `treadle.replay.changed`."""

    def origin(self) -> dict[str, Any]:
        """Return `source` and `served_from` for the start record."""

    def stop(self, call: "Call") -> NoReturn:
        """End the call as diverged: it is a block of code, which runs or does not."""

    def deliver(self, call: "Call") -> Any:
        """Wait, end the call, and return its recorded result or raise its recorded exception."""

    async def deliver_later(self, call: "Call") -> Any:
        """Do the same in a coroutine."""

    def chunks(self, call: "Call") -> Generator[Any, Any, Any]:
        """Yield the recorded chunks, then return or raise as recorded; ends the call, also when closed early."""

    def chunks_later(self, call: "Call") -> AsyncGenerator[Any, Any]:
        """Do the same as an async generator."""


class Served:
    """The recorded answer, or the one that the user gives in its place."""

    held = None

    def __init__(
        self,
        recorded: RecordedCall,
        moment: Moment,
        order: Order,
        unanswerable: Callable[[str], None],
        *,
        source: Source = "served",
        is_paced: bool = False,
    ) -> None:
        self.recorded = recorded
        self._source = source
        self._is_paced = is_paced
        self._end_moment = moment
        self._order = order
        self._unanswerable = unanswerable

    def origin(self) -> dict[str, Any]:
        """Return where the answer comes from."""
        return {"source": self._source, "served_from": self.recorded.span_id}

    def stop(self, call: "Call") -> NoReturn:
        """Refuse: to answer a `with` block would be to skip it."""
        self._refuse(call, f"a block of kind {call.kind} cannot be answered: make it a function, or let it run live")

    def deliver(self, call: "Call") -> Any:
        """Return or raise what was recorded, in its turn."""
        with _ending(call):
            self._pace(len(self.recorded.chunks))
            self._order.wait(self._end_moment)
        return self._finish(call)

    def at_once(self, call: "Call") -> Any:
        """Return or raise what was recorded, whatever else is waited for: nobody can tell when a clock was read."""
        return self._finish(call)

    async def deliver_later(self, call: "Call") -> Any:
        """Return or raise what was recorded, in its turn; a call that was cancelled waits to be cancelled again."""
        with _ending(call):
            await self._wait_for_end()
        return self._finish(call)

    def chunks(self, call: "Call") -> Generator[Any, Any, Any]:
        """Yield what was recorded, each chunk in its turn."""
        with _ending(call):
            for number, chunk in enumerate(self.recorded.chunks):
                self._pace(number)
                self._order.wait(Moment(chunk.at_ns, None))
                value = self._revived(call, chunk.payload)
                call.chunk(value)
                yield value
            self._pace(len(self.recorded.chunks))
            self._order.wait(self._end_moment)
            return self._finish_stream(call)

    async def chunks_later(self, call: "Call") -> AsyncGenerator[Any, Any]:
        """Yield what was recorded, each chunk in its turn."""
        with _ending(call):
            for number, chunk in enumerate(self.recorded.chunks):
                await self._pace_later(number)
                await self._order.wait_later(Moment(chunk.at_ns, None))
                value = self._revived(call, chunk.payload)
                call.chunk(value)
                yield value
            await self._wait_for_end()
            self._finish_stream(call)

    async def _wait_for_end(self) -> None:
        """Wait for the recorded end; where that was a cancellation, for as long as it may take to come again."""
        if not self.recorded.closed_early:
            await self._pace_later(len(self.recorded.chunks))
            await self._order.wait_later(self._end_moment)
            return
        ended_at_ns = self.recorded.ended_at_ns or self.recorded.started_at_ns
        since_ns = self.recorded.chunks[-1].at_ns if self.recorded.chunks else self.recorded.started_at_ns
        await asyncio.sleep(2 * (ended_at_ns - since_ns) / 1e9 + CANCELLATION_GRACE_S)

    def _pace(self, number: int) -> None:
        if self._is_paced:
            time.sleep(self._pause_s(number))

    async def _pace_later(self, number: int) -> None:
        if self._is_paced:
            await asyncio.sleep(self._pause_s(number))

    def _pause_s(self, number: int) -> float:
        """Return how long the chunk of this number, or the end after the last, was waited for in the recording."""
        recorded = self.recorded
        moments = [recorded.started_at_ns, *(chunk.at_ns for chunk in recorded.chunks)]
        until_ns = moments[number + 1] if number + 1 < len(moments) else recorded.ended_at_ns or moments[-1]
        return max(0, until_ns - moments[number]) / 1e9

    def _finish(self, call: "Call") -> Any:
        if self.recorded.closed_early:
            self._refuse(call, "it was ended early in the recording, and has no answer")
        result = self._revived(call, self.recorded.output_tagged or b"null")
        if self.recorded.status == "error":
            call.fail(result)
            raise result
        call.end(result)
        return result

    def _finish_stream(self, call: "Call") -> Any:
        if self.recorded.status == "error":
            return self._finish(call)
        if self.recorded.closed_early:
            self._refuse(call, f"more of the stream was asked for than the {len(self.recorded.chunks)} recorded chunks")
        output = orjson.loads(self.recorded.output_tagged or b"null")
        returned = None
        if isinstance(output, dict) and output.get("$") == "stream":
            returned = self._revived(call, orjson.dumps(output["returned"]))
        call.end_stream(returned=returned)
        return returned

    def _revived(self, call: "Call", payload: bytes) -> Any:
        try:
            return revived(payload)
        except NotReplayableError as error:
            self._refuse(call, f"its recorded answer cannot be built: {error}")

    def _refuse(self, call: "Call", why: str) -> NoReturn:
        self._unanswerable(why)
        error = DivergedError(why)
        call.fail(error)
        raise error


def served_by(call: "Call") -> Answer:
    """Return the answer of a call that does not run."""
    assert call.answer is not None
    assert call.answer.held is None
    return call.answer


@contextmanager
def _ending(call: "Call") -> Iterator[None]:
    """End the call when it is closed, cancelled or thrown into while it is answered."""
    try:
        yield
    except BaseException as error:
        call.fail(error)
        raise


class Refused:
    """No answer: the call is not in the recording, and may not go live."""

    held = None

    def __init__(self, path: str, why: str) -> None:
        self.why = why
        self._error = DivergedError(f"{path}: {why}")

    def origin(self) -> dict[str, Any]:
        """Return nothing: the call comes from nowhere."""
        return {}

    def stop(self, call: "Call") -> NoReturn:
        """End the call as diverged."""
        call.fail(self._error)
        raise self._error

    def deliver(self, call: "Call") -> Any:
        """End the call as diverged."""
        self.stop(call)

    async def deliver_later(self, call: "Call") -> Any:
        """End the call as diverged."""
        self.deliver(call)

    def chunks(self, call: "Call") -> Generator[Any, Any, Any]:
        """End the call as diverged."""
        self.deliver(call)
        yield

    async def chunks_later(self, call: "Call") -> AsyncGenerator[Any, Any]:
        """End the call as diverged."""
        self.deliver(call)
        yield
