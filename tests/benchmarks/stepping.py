"""A step in a trace of 100,000, with twenty watches: the move, the step's payloads, and every watch's value."""

import time

from tests.benchmarks.long_trace import STEPS, served
from tests.benchmarks.measuring import by_turns, say

from treadle_debugger.session import Session

MOVES = 20
WATCHES = (
    "name", "kind", "status", "duration_ms", "input_tokens", "output_tokens", "model", "provider", "seq", "thread_id",
    "input_tokens + output_tokens", "output_tokens / duration_ms", "upper(name)", "length(input_tagged)",
    "input ->> 'question'", "input -> 'question'", "left(output::varchar, 20)", "status = 'error'",
    "coalesce(model, 'none')", "started_at",
)  # fmt: skip


def main() -> None:
    """Measure the CPU of client and owner together."""
    with served() as trace:
        session = Session(trace.store, trace.trace_id)
        for expression in WATCHES:
            session.add_watch(expression)

        def move() -> None:
            for _ in range(MOVES):
                session.step()
                trace.store.step(trace.trace_id, session.span_id)
                session.readings()

        move()
        (moved,) = by_turns(move, rounds=11, clock=time.process_time)
    say(f"a step in {STEPS:,}, with {len(WATCHES)} watches", f"{moved / MOVES * 1e3:.1f} ms", "at most 15 ms")
