"""The answer to a call that is served: it waits for its turn, ends the call, and returns, raises or streams."""

from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from treadle.call import Call


class Answer(Protocol):
    """What a wrapper or a client patch asks instead of running the call."""

    def origin(self) -> dict[str, Any]:
        """Return `source` and `served_from` for the start record."""

    def deliver(self, call: "Call") -> Any:
        """Wait, end the call, and return its recorded result or raise its recorded exception."""

    async def deliver_later(self, call: "Call") -> Any:
        """Do the same in a coroutine."""

    def chunks(self, call: "Call") -> Generator[Any, Any, Any]:
        """Yield the recorded chunks, then return or raise as recorded; ends the call, also when closed early."""

    def chunks_later(self, call: "Call") -> AsyncGenerator[Any, Any]:
        """Do the same as an async generator."""
