"""What made traces are like: how many, how long, how deep, how large."""

from __future__ import annotations

from dataclasses import dataclass

START_NS = 1_790_000_000_000_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """What `write_traces` writes; the defaults are a support desk's conversations, 2.4 KB a step."""

    traces: int = 20
    steps: int = 10
    """Of each trace."""
    depth: int = 3
    """The root's level is 1; the last levels hold no calls of their own."""
    width: int = 5
    """How many calls each step makes that makes any; a root makes as many rounds of them as it has steps."""
    turns: int = 4
    """How many traces are one conversation: each model call of it is given all that was said before."""
    text_bytes: int = 420
    """Of what a model, a person, a tool or a document says, about."""
    large_every: int = 0
    """Each how manyth step returns `large_bytes`; 0: none. Every other of them is one text, which goes to a blob."""
    large_bytes: int = 3_000_000
    error_share: float = 0.02
    stream_share: float = 0.3
    """Of model calls, in `chunks` chunks each."""
    chunks: int = 12
    parallel_share: float = 0.2
    """Of the steps that make calls, those that make them all at once."""
    processes: int = 1
    """Those after the first run rounds of each trace, and their clocks differ by `skew_ns`."""
    skew_ns: int = 2_000_000
    score_share: float = 0.3
    """Of traces."""
    is_killed: bool = False
    """The last trace never ends: its processes were killed, each in the middle of a step."""
    start_ns: int = START_NS
    segment_bytes: int = 64 * 1024 * 1024

    @property
    def span_count(self) -> int:
        """Return how many steps there are in all."""
        return self.traces * self.steps


LONG = Shape(traces=1, steps=100_000, depth=3, width=9, turns=1, text_bytes=200)
WIDE = Shape(traces=1, steps=1_001, depth=2, width=1_000)
DEEP = Shape(traces=1, steps=119, depth=60, width=2)
LARGE = Shape(traces=4, large_every=5)
SPREAD = Shape(traces=10, steps=30, processes=4)
"""One trace of many steps; a step with a thousand calls; sixty levels; payloads of 3 MB; four processes a trace."""
