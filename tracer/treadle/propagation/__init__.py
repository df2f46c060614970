"""A child hangs under the call that submitted it: through tasks, threads, pools and processes, and over HTTP.

The submission points of the standard library are wrapped, once, when the first traced call is made. Outside a traced
call each does what it did before.
"""

import os

from treadle import lanes
from treadle.names import REPLAY_VARIABLE
from treadle.propagation import forks, http_clients, processes, tasks, threads, travelling, worker_pools

_installed = False


def install() -> None:
    """Wrap the submission points of this process; a second time does nothing."""
    global _installed
    if _installed:
        return
    _installed = True
    tasks.install()
    threads.install()
    processes.install()
    worker_pools.install()
    forks.install()
    http_clients.install()
    _hang_under_environment()


def _hang_under_environment() -> None:
    """Take the parent of every top call from `TRACEPARENT` and `TRACESTATE`, as OpenTelemetry names them.

    A replay makes calls again whose parents it knows: what the shell says is not about them.
    """
    named = os.environ.get("TRACEPARENT")
    if named and not os.environ.get(REPLAY_VARIABLE):
        lanes.outermost = travelling.lane_of([named], [os.environ.get("TRACESTATE", "")])
