"""What a request over HTTP says of the traced call that makes it: nothing but to the hosts named in `propagate`."""

from treadle import guard
from treadle.kinds import EFFECT_KINDS
from treadle.lanes import CURRENT, Lane, RemoteCall
from treadle.propagation import travelling
from treadle.propagation.hosts import is_named
from treadle.replay import decider
from treadle.replay.divergence import DivergedError
from treadle.settings import settings


def headers_to(host: str | None, port: int | None) -> dict[str, str]:
    """Return the headers to add to a request that is sent now: none outside traced calls, or to others than named.

    Each request is a submission of its own: what it calls over there is numbered apart from what is called here.

    Raises:
        DivergedError: in a replay, where nobody allowed the request: over there effects would go live.

    """
    lane = CURRENT.get()
    if lane is None or not host:
        return {}
    sent = guard.attempt(lambda: _headers_to(lane, host, port)) or {}
    if sent and decider.decider is not None and not _is_live(lane):
        raise DivergedError(f"a request to {host} would be made for real: trace what sends it as a tool")
    return sent


def _headers_to(lane: Lane, host: str, port: int | None) -> dict[str, str]:
    if not is_named(host, port, settings().propagate):
        return {}
    return travelling.headers(lane.submitted())


def _is_live(lane: Lane) -> bool:
    """Tell, in a replay, whether the request is made inside an effect: one that runs at all was allowed to."""
    call = lane.call
    while not isinstance(call, RemoteCall):
        if call.kind in EFFECT_KINDS:
            return True
        if call.parent is None:
            return False
        call = call.parent
    return False
