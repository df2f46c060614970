"""`configure(sample=...)`: a share of the traces, each whole or not at all."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from treadle.errors import UsageError


@treadle.trace(kind="tool")
def inner(number: int) -> int:
    """Be called in every way."""
    return number


@treadle.trace
async def later(number: int) -> int:
    """Be awaited."""
    return inner(number)


@treadle.trace
def numbers() -> Any:
    """Stream, and call between the chunks."""
    yield inner(1)
    yield inner(2)


@treadle.trace
def chain() -> int:
    """Call below itself, in threads and tasks, fail and be scored."""
    inner(1)
    list(numbers())
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(inner, range(3)))
    thread = threading.Thread(target=inner, args=(4,))
    thread.start()
    thread.join()
    asyncio.run(later(5))
    with treadle.span("block"):
        inner(6)
    treadle.score("good", value=True)
    try:
        broken()
    except ValueError:
        return 7
    return 0


@treadle.trace
def broken() -> None:
    """Fail."""
    raise ValueError


STEPS = 14


def test_a_trace_is_recorded_whole_or_not_at_all(store: Path) -> None:
    """Whatever a chain calls goes with it: threads, tasks, streams, blocks, errors and scores."""
    treadle.configure(store=store, sample=0.5)
    for _ in range(40):
        assert chain() == 7
    roots = recorded.roots(store)
    assert 5 < len(roots) < 35
    assert {root.name for root in roots} == {"chain"}
    by_trace: dict[str, int] = {}
    for call in recorded.calls(store):
        by_trace[call.start["trace"]] = by_trace.get(call.start["trace"], 0) + 1
    assert set(by_trace.values()) == {STEPS}
    scores = [record for record in recorded.records(store) if record["r"] == "score"]
    assert {score["trace"] for score in scores} == by_trace.keys()
    assert len(scores) == len(roots)


def test_a_trace_that_is_left_out_still_has_ids(store: Path) -> None:
    """A program that logs `treadle.current()` goes on doing so."""
    treadle.configure(store=store, sample=0)
    seen = []

    @treadle.trace
    def look() -> None:
        seen.append(treadle.current())

    look()
    assert seen[0] is not None
    assert recorded.calls(store) == []


def test_the_decision_is_the_trace_ids(store: Path) -> None:
    """Every process that meets a trace decides alike: the lower half of its id below the share."""
    treadle.configure(store=store, sample=0.25)
    made = []

    @treadle.trace
    def look() -> None:
        current = treadle.current()
        assert current is not None
        made.append(current.trace_id)

    for _ in range(100):
        look()
    kept = [call.start["trace"] for call in recorded.calls(store)]
    assert 5 < len(kept) < 60
    assert kept == [trace for trace in made if int(trace[16:], 16) < 2**62]


def test_what_is_left_out_is_not_even_read(store: Path) -> None:
    """Its arguments cost nothing."""

    class Loud:
        def __repr__(self) -> str:
            raise AssertionError("it was looked at")

    treadle.configure(store=store, sample=0)
    held = Loud()
    assert treadle.trace(lambda given: given)(held) is held


@pytest.mark.parametrize("share", [-0.1, 1.1, 100])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    """The error says what it must be."""
    with pytest.raises(UsageError, match="it is a share, from 0 to 1"):
        treadle.configure(sample=share)
