"""Who decides about each call in a replaying process, and in those that it starts; nobody anywhere else."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from treadle.names import REPLAY_VARIABLE
from treadle.replay.divergence import DivergedError, Orphan

if TYPE_CHECKING:
    from treadle.call import Call
    from treadle.replay.answers import Answer
    from treadle.replay.changed import Changed


class Decider(Protocol):
    """What a replaying process puts in `decider`."""

    def decide(self, call: "Call", held: Callable[[], Any]) -> "Answer | Changed | None":
        """Return what serves this call, or other arguments for it, or None to let it run as it is called.

        `held` returns its arguments by name.
        """


decider: Decider | None = Orphan() if os.environ.get(REPLAY_VARIABLE) else None


def stop(name: str, error: Exception | None) -> None:
    """In a replay, see to it that a call that could not be decided about is not made.

    Raises:
        DivergedError: this is a replay.

    """
    if decider is not None:
        raise DivergedError(f"{name} cannot be recorded, and so is not answered: {error or 'there is no journal'}")


def _orphan_in_child() -> None:
    """Answer a forked child of a replay no more than a spawned one; it takes none of the replay's locks either."""
    global decider
    if decider is not None:
        decider = Orphan()


os.register_at_fork(after_in_child=_orphan_in_child)
