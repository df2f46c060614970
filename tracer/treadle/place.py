"""Where a call is made, noted before it begins: under which call, as which of its submissions, in which context.

A plain tuple, because every call makes one: of any class it would cost twice as much.
"""

from typing import TYPE_CHECKING

from treadle import lanes
from treadle.lanes import RemoteCall
from treadle.otel import current

if TYPE_CHECKING:
    from treadle.call import Call

Place = tuple["Call | RemoteCall | None", str, current.OtelContext | None]
"""The call above, the ordinal under it, and OpenTelemetry's context where that is not the one in which it begins."""


def here() -> Place:
    """Return the place of a call that begins at once."""
    lane = lanes.CURRENT.get() or lanes.outermost
    if lane is None:
        return None, "0", None
    return lane.call, lane.ordinal(), None


def kept() -> Place:
    """Return the place of a call that begins later, maybe elsewhere: the context of now is its own."""
    parent, ordinal, _ = here()
    return parent, ordinal, current.captured()
