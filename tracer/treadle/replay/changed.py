"""A call that really runs, with other arguments than its caller gave: the wrapper that began it makes it with these."""

from typing import TYPE_CHECKING, Any, NoReturn

from treadle.functions import Traced
from treadle.replay.divergence import DivergedError
from treadle.replay.target import bind

if TYPE_CHECKING:
    from treadle.call import Call


class Changed:
    """No recorded answer: other arguments."""

    def __init__(self, held: dict[str, Any]) -> None:
        self.held = held
        """By parameter name."""

    def origin(self) -> dict[str, Any]:
        """Return nothing: the answer is a real one."""
        return {}

    def arguments(self, traced: Traced) -> tuple[list[Any], dict[str, Any]]:
        """Return them as positions and keywords of today's function.

        Raises:
            NotReplayableError: they do not fit its parameters.

        """
        return bind(traced, self.held)

    def stop(self, call: "Call") -> NoReturn:
        """Refuse: a `with` block has no arguments that it could be given."""
        error = DivergedError(
            f"the input of the block {call.name} cannot be changed: only a function is called with it"
        )
        call.fail(error)
        raise error
