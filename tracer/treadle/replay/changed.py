"""A call that really runs, with other arguments than its caller gave: the user's own.

The wrappers hold what the caller gave, so that the function is called here, in the call that the wrapper has begun.
"""

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, NoReturn

from treadle.replay.divergence import DivergedError
from treadle.replay.target import bind

if TYPE_CHECKING:
    from treadle.call import Call


class Changed:
    """No recorded answer: other arguments."""

    def __init__(self, held: dict[str, Any]) -> None:
        self.held: dict[str, Any] | None = held
        """By parameter name."""

    def origin(self) -> dict[str, Any]:
        """Return nothing: the answer is a real one."""
        return {}

    def stop(self, call: "Call") -> NoReturn:
        """Refuse: a `with` block has no arguments that it could be given."""
        error = DivergedError(
            f"the input of the block {call.name} cannot be changed: only a function is called with it"
        )
        call.fail(error)
        raise error

    def deliver(self, call: "Call") -> Any:
        """Run the function."""
        try:
            call.resume()
            result = self._called(call)
            call.suspend()
            call.end(result)
        except BaseException as error:
            call.break_off(error)
            raise
        return result

    async def deliver_later(self, call: "Call") -> Any:
        """Run the coroutine."""
        try:
            call.resume()
            result = await self._called(call)
            call.suspend()
            call.end(result)
        except BaseException as error:
            call.break_off(error)
            raise
        return result

    def chunks(self, call: "Call") -> Generator[Any, Any, Any]:
        """Run the generator, resumed and suspended around each chunk."""
        try:
            stream = self._called(call)
            given, act = None, stream.send
            while True:
                call.resume()
                try:
                    chunk = act(given)
                except StopIteration as stop:
                    call.suspend()
                    call.end_stream(returned=stop.value)
                    return stop.value
                call.suspend()
                call.chunk(chunk)
                try:
                    given, act = (yield chunk), stream.send
                except BaseException as error:  # noqa: BLE001 - thrown in by the consumer, and handed on
                    given, act = error, stream.throw
        except BaseException as error:
            call.break_off(error)
            raise

    async def chunks_later(self, call: "Call") -> AsyncGenerator[Any, Any]:
        """Do the same for an async generator."""
        try:
            stream = self._called(call)
            given, act = None, stream.asend
            while True:
                call.resume()
                try:
                    chunk = await act(given)
                except StopAsyncIteration:
                    call.suspend()
                    call.end_stream()
                    return
                call.suspend()
                call.chunk(chunk)
                try:
                    given, act = (yield chunk), stream.asend
                except BaseException as error:  # noqa: BLE001 - as above
                    given, act = error, stream.athrow
        except BaseException as error:
            call.break_off(error)
            raise

    def _called(self, call: "Call") -> Any:
        assert call.traced is not None
        assert self.held is not None
        args, kwargs = bind(call.traced, self.held)
        return call.traced.function(*args, **kwargs)
