"""What a request over HTTP says of the traced call that makes it: nothing but to the hosts named in `propagate`."""

from treadle import guard
from treadle.lanes import CURRENT, Lane
from treadle.propagation import travelling
from treadle.propagation.hosts import is_named
from treadle.settings import settings


def headers_to(host: str | None, port: int | None) -> dict[str, str]:
    """Return the headers to add to a request that is sent now: none outside traced calls, or to others than named.

    Each request is a submission of its own: what it calls over there is numbered apart from what is called here.
    """
    lane = CURRENT.get()
    if lane is None or not host:
        return {}
    return guard.attempt(lambda: _headers_to(lane, host, port)) or {}


def _headers_to(lane: Lane, host: str, port: int | None) -> dict[str, str]:
    if not is_named(host, port, settings().propagate):
        return {}
    return travelling.headers(lane.submitted())
