"""What stands in for the recorder in a trace that is not of the sample."""

from typing import Any

_NOTHING = b"null"


class LeftOut:
    """Takes everything that a recorder takes, and writes nothing."""

    def encode(self, *_: Any, **__: Any) -> tuple[bytes, None]:
        """Encode nothing."""
        return _NOTHING, None

    def payload(self, *_: Any, **__: Any) -> bytes:
        """Encode nothing."""
        return _NOTHING

    def describe(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Describe nothing."""
        return {"type": ""}

    def start(self, *_: Any) -> None:
        """Write nothing."""

    def end(self, *_: Any) -> None:
        """Write nothing."""

    def chunk(self, *_: Any) -> None:
        """Write nothing."""

    def link(self, *_: Any, **__: Any) -> None:
        """Write nothing."""

    def holds(self, *_: Any) -> bool:
        """Hold everything: nothing is to be written after Ctrl-C either."""
        return True


LEFT_OUT = LeftOut()
