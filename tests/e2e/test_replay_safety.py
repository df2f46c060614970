"""What a replay must never do: make a call for real because something else went wrong."""

import pytest

from e2e.conftest import Project

EFFECT = """
import os, resource, sys, treadle

@treadle.trace(kind="llm")
def ask(question):
    if os.path.exists("recorded"):
        os.mkdir("asked again")
    return question.upper()

@treadle.trace
def chain(question):
    if os.path.exists("full"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    return ask(question)

if __name__ == "__main__":
    chain("why?")
"""


def test_a_full_disk_lets_no_call_go_live(project: Project) -> None:
    """A call that cannot be decided about is not made."""
    trace_id = project.record(EFFECT)
    (project.folder / "recorded").touch()
    (project.folder / "full").touch()
    assert project.replay(trace_id).verdict == "crashed"
    assert not (project.folder / "asked again").exists()


def test_recording_switched_off_lets_no_call_go_live(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TREADLE_DISABLED` is for recording: a replay that was asked for is done."""
    trace_id = project.record(EFFECT)
    (project.folder / "recorded").touch()
    monkeypatch.setenv("TREADLE_DISABLED", "1")
    result = project.replay(trace_id)
    assert (result.verdict, result.counts) == ("same", {"ran": 1, "served": 1})
    assert not (project.folder / "asked again").exists()


CLOSED = """
import asyncio, sys, treadle

@treadle.trace(kind="llm")
def words():
    yield "one"
    try:
        yield "two"
    except KeyError:
        yield "caught"

@treadle.trace(kind="llm")
async def words_later():
    yield "one"
    yield "two"
    yield "three"

@treadle.trace
def thrown_into():
    stream = words()
    next(stream)
    try:
        stream.throw(KeyError("key"))
    except KeyError:
        return "thrown"

@treadle.trace
async def left():
    stream = words_later()
    await anext(stream)
    await stream.aclose()
    return treadle.current().span_id is not None

@treadle.trace
async def cancelled():
    async def read():
        async for _ in words_later():
            await asyncio.sleep(0)
    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)

if __name__ == "__main__":
    thrown_into()
    asyncio.run(left())
    asyncio.run(cancelled())
"""


@pytest.mark.parametrize("chain", ["thrown_into", "left", "cancelled"])
def test_a_served_stream_ends_however_it_is_left(project: Project, chain: str) -> None:
    """Thrown into, closed or cancelled: its step has an end, as every other."""
    project.record(CLOSED)
    trace_id = next(trace.trace_id for trace in project.store.traces() if trace.name == chain)
    result = project.replay(trace_id)
    assert result.trace_id is not None
    ends = list(project.store.sql(f"select name, ended_at from spans where trace_id = '{result.trace_id}'"))
    assert [name for name, ended_at in ends if ended_at is None] == []


ENDED_EARLY = """
import asyncio, os, treadle

@treadle.trace(kind="llm")
def ask():
    raise KeyboardInterrupt

@treadle.trace(kind="llm")
async def ask_later():
    await asyncio.sleep(30)

@treadle.trace
def interrupted():
    return ask() is None

@treadle.trace
async def awaited():
    if os.path.exists("recorded"):
        return await ask_later()
    return await asyncio.wait_for(ask_later(), 0.05)

if __name__ == "__main__":
    try:
        interrupted()
    except KeyboardInterrupt:
        pass
    try:
        asyncio.run(awaited())
    except TimeoutError:
        pass
"""


@pytest.mark.parametrize("chain", ["interrupted", "awaited"])
def test_a_call_that_was_ended_early_has_no_answer(project: Project, chain: str) -> None:
    """Who asks for more than was recorded gets a divergence: neither a made-up answer nor an endless wait."""
    project.record(ENDED_EARLY)
    (project.folder / "recorded").touch()
    trace_id = next(trace.trace_id for trace in project.store.traces() if trace.name == chain)
    result = project.replay(trace_id, timeout_s=10)
    assert result.verdict == "diverged"
    assert "ended early in the recording" in result.sentence


COLLECTED = """
import gc, os, treadle

@treadle.trace(kind="tool")
def note(number):
    return number

class Knot:
    def __init__(self, number):
        self.number, self.itself = number, self
    def __del__(self):
        note(self.number)

@treadle.trace
def chain():
    knots = [Knot(number) for number in range(3)]
    del knots
    if os.path.exists("recorded"):
        gc.set_threshold(1)
    return [note(f"own {number}") for number in range(5)]

if __name__ == "__main__":
    chain()
"""


def test_a_traced_call_from_a_finalizer_stops_no_replay(project: Project) -> None:
    """The garbage collector may come in the middle of a decision: no lock of ours waits for itself."""
    project.record(COLLECTED)
    trace_id = next(trace.trace_id for trace in project.store.traces() if trace.name == "chain")
    (project.folder / "recorded").touch()
    assert project.replay(trace_id, timeout_s=10).verdict != "timed out"


BLOCK = """
import os, treadle

@treadle.trace
def chain():
    with treadle.span("rank", kind="reranker") as span:
        if os.path.exists("recorded"):
            os.mkdir("asked again")
        span.set_output(["first"])

if __name__ == "__main__":
    chain()
"""


def test_a_block_that_is_an_effect_does_not_go_live_by_itself(project: Project) -> None:
    """A `with` block cannot be answered: it runs where the user allows it, and else the replay says so."""
    trace_id = project.record(BLOCK)
    (project.folder / "recorded").touch()
    result = project.replay(trace_id)
    assert result.verdict == "diverged"
    assert "cannot be answered" in result.sentence
    assert not (project.folder / "asked again").exists()
    project.replay(trace_id, live=("rank",))
    assert (project.folder / "asked again").exists()


LEAVES = """
import os, sys, treadle

@treadle.trace
def chain():
    return 1

if os.path.exists("recorded"):
    sys.exit(0)
if __name__ == "__main__":
    chain()
"""


def test_a_program_that_leaves_while_it_is_loaded_is_not_replayable(project: Project) -> None:
    """Its exit is none of the chain: nothing was replayed."""
    trace_id = project.record(LEAVES)
    (project.folder / "recorded").touch()
    result = project.replay(trace_id)
    assert result.verdict == "not replayable"
    assert "no longer loads: SystemExit" in result.sentence


def test_a_first_call_that_has_become_an_effect_does_not_go_live(project: Project) -> None:
    """Nobody was asked about it, for it was none when it was recorded."""
    source = """
import treadle

@treadle.trace
def send(text):
    with open("sent", "a") as log: log.write(text)
    return text

if __name__ == "__main__":
    send("hello")
"""
    recorded = project.record(source)
    (project.folder / "sent").unlink()
    project.write(source.replace("@treadle.trace", '@treadle.trace(kind="tool")'))
    result = project.replay(recorded)
    assert (result.verdict, (project.folder / "sent").exists()) == ("diverged", False)
    assert "it is of kind tool today, and was not: give it back its kind, or record it anew" in result.sentence


def test_what_was_an_effect_is_answered_though_its_kind_was_taken_away(project: Project) -> None:
    """Nobody let it run for real; `--live` does, and with other arguments it stops the replay as any effect does."""
    source = """
import treadle

@treadle.trace(kind="tool")
def send(text):
    with open("sent", "a") as log: log.write(text)
    return text

@treadle.trace
def chain():
    return send("hello")

if __name__ == "__main__":
    chain()
"""
    recorded = project.record(source)
    sent = project.folder / "sent"
    sent.unlink()
    without = source.replace('(kind="tool")', "")
    project.write(without)
    result = project.replay(recorded)
    assert (result.verdict, result.counts, sent.exists()) == ("same", {"ran": 1, "served": 1}, False)
    project.write(without.replace('send("hello")', 'send("other")'))
    changed = project.replay(recorded)
    assert (changed.verdict, sent.exists()) == ("diverged", False)
    assert "allow it with --live 'send'" in changed.sentence
    assert project.replay(recorded, live=("send",)).counts == {"ran": 1, "live": 1}
    assert sent.read_text() == "other"
