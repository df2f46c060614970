"""The outcome of a move: where it led, what stopped it, what was said on the way."""

from dataclasses import dataclass

from treadle_debugger.tracepoints import Logged


@dataclass(frozen=True, slots=True)
class Moved:
    """How a move went."""

    position: int
    moves: int = 0
    """How many of the asked-for moves were made; 0 means that the position stayed."""
    stopped_by: str | None = None
    """The breakpoints that stopped it, each with which of its hits this is."""
    end: str | None = None
    """Why it went no further: `end of trace`, `no later error`, ..."""
    logged: tuple[Logged, ...] = ()
    """What tracepoints said on the way, in the order of walking."""
