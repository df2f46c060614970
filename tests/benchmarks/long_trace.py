"""A trace of 100,000 steps in a store whose owner is a thread of this process, so that its CPU is counted too."""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.traces.shape import LONG
from tests.traces.writing import write_traces

import treadle_storage
from treadle_storage import Store
from treadle_storage.election import elect
from treadle_storage.index import Index
from treadle_storage.place import place_of
from treadle_storage.server import Server

STEPS = LONG.steps
OWNER_SWITCH_S = 0.001
"""As `treadle_storage.server.serve` has it."""


@dataclass(frozen=True)
class Served:
    """The store as a client sees it, and the index behind it."""

    store: Store
    index: Index
    trace_id: str


@contextmanager
def served() -> Iterator[Served]:
    """Serve the trace through the owner's socket, all of it indexed."""
    with tempfile.TemporaryDirectory() as folder:
        (trace_id,) = write_traces(Path(folder), LONG).trace_ids
        election = elect(place_of(Path(folder)))
        assert election is not None
        index = Index(Path(folder))
        while index.ingest().backlog_bytes:
            continue
        sys.setswitchinterval(OWNER_SWITCH_S)
        server = Server(election, index, idle_s=60)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            with treadle_storage.open(folder, fresh=False) as store:
                yield Served(store, index, trace_id)
        finally:
            server.stop()
            thread.join()
