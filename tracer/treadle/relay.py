"""Lanes that go on from one call to the next: for what outlives the call that it was submitted in."""

import itertools
from typing import TYPE_CHECKING

from treadle.lanes import Lane
from treadle.otel.current import PassedSpan

if TYPE_CHECKING:
    from treadle.call import Call
    from treadle.lanes import RemoteCall


class Relay(Lane):
    """The lane of one call after another: what was submitted under one of them goes on under the next.

    A task or thread that outlives the call that it was made in, as a server does that many tests talk to, would be
    under a call that is long over.
    """

    __slots__ = ("span",)

    def __init__(self, call: "Call") -> None:
        super().__init__(call)
        self.span = PassedSpan()

    def pass_to(self, call: "Call") -> None:
        """Make this call the one that everything is under from now on."""
        self.call = call
        self._calls = itertools.count()
        self._submissions = itertools.count()

    def part(self, number: int) -> Lane:
        """Open a lane that goes on from call to call."""
        return _Relayed(self, f"{self._prefix}{number}.")


class _Relayed(Lane):
    """A lane under the call that a relay is at."""

    __slots__ = ("_relay",)

    def __init__(self, relay: Relay, prefix: str) -> None:
        self._relay = relay
        super().__init__(relay.call, prefix)

    @property
    def call(self) -> "Call | RemoteCall":
        """The call that everything is under now."""
        return self._relay.call

    @call.setter
    def call(self, _: "Call | RemoteCall") -> None:
        """Leave it to the relay which call it is."""

    def part(self, number: int) -> Lane:
        """Open a lane likewise."""
        return _Relayed(self._relay, f"{self._prefix}{number}.")
