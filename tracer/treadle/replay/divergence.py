"""What stops a replay: it is no `Exception`, so that the user's own handlers do not take it for a failure of theirs."""

import os
from typing import TYPE_CHECKING

from treadle.kinds import EFFECT_KINDS
from treadle.names import REPLAY_VARIABLE
from treadle.surroundings.groups import group_of

if TYPE_CHECKING:
    from treadle.call import Call
    from treadle.replay.answers import Answer


class DivergedError(BaseException):
    """A call that the recording cannot answer, and that may not go live."""


class Orphan:
    """Decides in a process that a replayed program started: it has no recording to be answered from."""

    def decide(self, call: "Call", _held: object) -> "Answer | None":
        """Let glue run, and no effect.

        Raises:
            DivergedError: the call is an effect.

        """
        if call.kind in EFFECT_KINDS and not (call.traced is None and group_of(call.name)):
            why = f"{call.name} was called in a process that the replayed program started"
            from treadle.replay import report

            report.tell_from_elsewhere(os.environ.get(REPLAY_VARIABLE, ""), why)
            raise DivergedError(why)
        return None
