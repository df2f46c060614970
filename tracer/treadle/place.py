"""Where a call is made, noted before it begins."""

from treadle import lanes
from treadle.otel import current


class Place:
    """Where a call is made: under which call, as which of its submissions, in which OpenTelemetry context."""

    __slots__ = ("context", "ordinal", "parent")

    def __init__(self) -> None:
        lane = lanes.CURRENT.get() or lanes.outermost
        self.parent = lane.call if lane is not None else None
        self.ordinal = lane.ordinal() if lane is not None else "0"
        self.context: current.OtelContext | None = None

    def keep_context(self) -> "Place":
        """Remember the OpenTelemetry context too: the call itself begins later, maybe elsewhere."""
        self.context = current.captured()
        return self
