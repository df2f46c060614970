"""What stands in for the recorder in a trace that is not of the sample."""

from typing import Any

from treadle.values.encode import Encoded

_NOTHING = Encoded(b"null", None)


class LeftOut:
    """Takes everything that a recorder takes, and writes nothing."""

    def encode(self, *_: Any, **__: Any) -> Encoded:
        """Encode nothing."""
        return _NOTHING

    def payload(self, *_: Any, **__: Any) -> bytes:
        """Encode nothing."""
        return _NOTHING.payload

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
