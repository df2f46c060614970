"""Recording under load: sixteen threads at once, a million spans, and what of a hundred thousand reaches the store."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from tests.benchmarks.capture import CONTEXT, LIMIT, QUESTION, answer, bare, recording
from tests.benchmarks.measuring import by_turns, say

import treadle
from treadle_storage.index import Index

THREADS = 16
CALLS = 2_000
"""Of each thread: many times the 5 ms after which the interpreter has another one run."""
SPANS = 100_000
PROCESSES = 4
WARM, MANY = 50_000, 1_000_000

RECORDING = """
import sys, treadle
from concurrent.futures import ThreadPoolExecutor

@treadle.trace
def step(number): return number

with ThreadPoolExecutor(4) as pool:
    list(pool.map(step, range(int(sys.argv[1]))))
"""


def main() -> None:
    """Measure latencies first: they want a process that has done nothing yet."""
    with recording():
        _latencies()
    _memory()
    _counts()


def _latencies() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    traced, spanned = treadle.trace(answer), bare(otel.get_tracer("bench", tracer_provider=provider))
    ours: list[float] = []
    theirs: list[float] = []
    by_turns(lambda: _crowd(traced, ours), lambda: _crowd(spanned, theirs), rounds=3)
    for what, share in (("median", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        mine, bares = _at(ours, share), _at(theirs, share)
        say(
            f"one call with sixteen threads, {what} / bare span",
            f"{mine / bares:.2f} ({mine * 1e6:,.0f} us / {bares * 1e6:,.0f} us)",
            "none",
        )


def _crowd(call: Callable[..., str], spent: list[float]) -> None:
    """Call from all threads at once, and note how long each call took by the wall."""
    begin = threading.Barrier(THREADS)

    def run() -> None:
        begin.wait()
        mine = []
        for _ in range(CALLS):
            started = time.perf_counter()
            call(QUESTION, CONTEXT, LIMIT, style="brief")
            mine.append(time.perf_counter() - started)
        spent.extend(mine)

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _at(spent: list[float], share: float) -> float:
    return sorted(spent)[int(share * len(spent))]


def _memory() -> None:
    """Measure the memory of a process after many spans against that after few, its journals taken away meanwhile."""
    with recording() as store:
        traced = treadle.trace(answer)
        resident: list[float] = []
        for number in range(MANY):
            traced(QUESTION, CONTEXT, LIMIT, style="brief")
            if number + 1 in (WARM, MANY):
                resident.append(_resident_mb())
            if number % WARM == 0:
                _drop_finished_segments(store)
    say(
        "memory after a million spans, over that after fifty thousand",
        f"{resident[1] - resident[0]:+.1f} MB ({resident[0]:.0f} MB)",
        "does not grow",
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _drop_finished_segments(store: Path) -> None:
    segments = sorted((store / "journal").glob("*.ndjson"), key=lambda path: int(path.name.split(".")[1]))
    for segment in segments[:-1]:
        segment.unlink()


def _counts() -> None:
    """Count what processes with threads recorded, as the store sees it."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        environment = {**os.environ, "TREADLE_STORE": str(store), "TREADLE_KEY_FILE": str(Path(folder, "key"))}
        command = [sys.executable, "-c", RECORDING, str(SPANS // PROCESSES)]
        programs = [subprocess.Popen(command, env=environment) for _ in range(PROCESSES)]
        assert [program.wait() for program in programs] == [0] * PROCESSES
        index = Index(store)
        while (progress := index.ingest()).changed or progress.backlog_bytes:
            pass
        with index.cursor() as cursor:
            (found,) = cursor.execute("select count(distinct span_id) from spans where status = 'ok'").fetchall()
        index.close()
    say("spans of four processes with four threads, in the store", f"{found[0]:,} of {SPANS:,}", "none lost")
