"""A served replay against the run that it was recorded from: fifty calls of a tenth of a second, one after another."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from tests.benchmarks.measuring import say

import treadle_storage
from treadle_debugger.replaying import Request, replay
from treadle_storage.store import Store

ROUNDS = 3
PROGRAM = """
import time, treadle

@treadle.trace(kind="llm")
def ask(number):
    time.sleep(0.1)
    return f"answer {number}"

@treadle.trace
def chain():
    return [ask(number) for number in range(50)]

chain() if __name__ == "__main__" else None
"""


def main() -> None:
    """Measure the chain alone, and beside it what starting a process for it takes."""
    with tempfile.TemporaryDirectory() as folder:
        named = {"TREADLE_STORE": str(Path(folder, "store")), "TREADLE_KEY_FILE": str(Path(folder, "key"))}
        with patch.dict(os.environ, named):
            _measure(Path(folder))


def _measure(folder: Path) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    started = time.monotonic()
    subprocess.run([sys.executable, str(program)], check=True)
    program_s = time.monotonic() - started
    with treadle_storage.open(folder / "store") as store:
        trace_id = store.traces(limit=1)[0].trace_id
        live_s = _chain_s(store, trace_id)
        results = [replay(store, Request(trace_id)) for _ in range(ROUNDS)]
        served_s = statistics.median(_chain_s(store, str(result.trace_id)) for result in results)
        elapsed_s = statistics.median(result.elapsed_s for result in results)
    say(
        "served replay of 50 calls, times faster than live",
        f"{live_s / served_s:.0f} ({served_s * 1e3:.0f} ms / {live_s:.1f} s)",
        "at least 20",
    )
    ours_s, theirs_s = elapsed_s - served_s, program_s - live_s
    say(
        "the replaying process's start and end, over the program's",
        f"{ours_s - theirs_s:+.2f} s ({ours_s:.2f} s / {theirs_s:.2f} s)",
        "none",
    )


def _chain_s(store: Store, trace_id: str) -> float:
    duration_ms = store.trace(trace_id).duration_ms
    assert duration_ms is not None
    return duration_ms / 1e3
