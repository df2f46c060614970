"""Opening a trace of 100,000 steps through the owner's socket, against its query in DuckDB alone."""

import time

from tests.benchmarks.long_trace import STEPS, Served, served
from tests.benchmarks.measuring import by_turns, say

from treadle_debugger.session import Session

_RAW = """
select span_id, parent_span_id, started_ns, ended_ns, kind, status, source, name, model, input_tokens, output_tokens,
  process_id, thread_id, not_replayable_why
from recorded where trace_id = $trace order by started_ns, process_id, seq
"""


def main() -> None:
    """Measure the CPU of client and owner together."""
    with served() as trace:
        _open(trace)
        session, tree, raw = by_turns(
            lambda: _open(trace),
            lambda: trace.store.tree(trace.trace_id),
            lambda: _query(trace),
            rounds=9,
            clock=time.process_time,
        )
    say(
        f"open {STEPS:,} steps, tree ready / raw DuckDB query",
        f"{tree / raw:.2f} ({tree * 1e3:.0f} ms / {raw * 1e3:.0f} ms)",
        "at most 150 ms",
    )
    say(f"open {STEPS:,} steps, a session on them", f"{session * 1e3:.0f} ms", "at most 150 ms")


def _open(trace: Served) -> int:
    return Session(trace.store, trace.trace_id).place


def _query(trace: Served) -> None:
    with trace.index.cursor() as cursor:
        cursor.execute(_RAW, {"trace": trace.trace_id}).fetchnumpy()
