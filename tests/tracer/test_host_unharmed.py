"""Whatever is odd about the host, its program behaves as it would without Treadle."""

import asyncio
import contextlib
import contextvars
import enum
import gc
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recorded
import treadle
from programs import plainly
from treadle import lanes, recording


class Mute(Exception):
    """Cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_a_redaction_that_cannot_be_told_is_no_failure_of_the_call(store: Path) -> None:
    """The user's function fails with its own error, also where describing it fails."""

    def redact(text: str) -> str:
        raise Mute

    treadle.configure(store=store, redact=redact)

    @treadle.trace
    def divide(by: int) -> float:
        return 1 / by

    with pytest.raises(ZeroDivisionError):
        divide(0)


def test_a_generator_that_is_called_wrongly_raises_at_once() -> None:
    """As without the decorator: not when it is first resumed."""

    @treadle.trace
    def count(most: int) -> Generator[int]:
        yield most

    @treadle.trace
    async def count_later(most: int) -> AsyncGenerator[int]:
        yield most

    wrong: Any
    for wrong in (count, count_later):
        with pytest.raises(TypeError):
            wrong()


def test_a_span_can_be_entered_in_itself(store: Path) -> None:
    """One object used twice at a time makes two steps."""
    twice = treadle.span("twice")
    with twice, twice:
        pass
    assert [call.status for call in recorded.calls(store)] == ["ok", "ok"]


def test_an_attribute_of_any_type_leaves_the_step_whole(store: Path) -> None:
    """What OpenTelemetry has no type for is kept as text."""
    with treadle.span("odd") as span:
        value: Any = Path("/here")
        span.set_attribute("path", value)
        span.set_attribute("count", 2**80)
        span.set_attribute("text", "\ud800")
    call = recorded.only(store)
    assert call.status == "ok"
    assert call.end["attrs"] == {"path": "/here", "count": str(2**80), "text": "\\ud800"}


class Denying:
    """A value that ends the program when it is asked for its text, or for its class."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __str__(self) -> str:
        raise SystemExit("text")


def test_an_attribute_that_cannot_be_shown_harms_nobody(store: Path) -> None:
    """The step has all others; numbers of numpy's and of classes of the program's are numbers."""
    values: list[Any] = [Denying(), 10**5000, np.float64(0.5), np.int32(3), np.bool_(True), Level.LOW]
    with treadle.span("odd") as span:
        for number, value in enumerate(values):
            span.set_attribute(str(number), value)
    attributes = recorded.only(store).end["attrs"]
    assert [attributes[str(number)] for number in range(2, len(values))] == [0.5, 3, True, 1]
    assert [attributes[str(number)].partition(": ")[0] for number in (0, 1)] == ["(its text could not be read"] * 2


@pytest.mark.parametrize("value", [np.float64(0.5), np.float16(0.5), Decimal("0.5"), Fraction(1, 2)], ids=repr)
def test_a_score_is_any_number(store: Path, value: Any) -> None:
    """What is computed with numpy, or exactly."""
    treadle.score("mean", value, trace="1" * 32)
    (score,) = [record for record in recorded.records(store) if record["r"] == "score"]
    assert score["value"] == 0.5


def test_a_score_of_one_step_names_it(store: Path) -> None:
    """In the trace that it is given inside of."""

    @treadle.trace
    def judged() -> str:
        current = treadle.current()
        assert current is not None
        treadle.score("helpful", 0.8, span=current.span_id)
        return current.span_id

    step = judged()
    (score,) = [record for record in recorded.records(store) if record["r"] == "score"]
    assert (score["trace"], score["span"]) == (recorded.only(store).start["trace"], step)


@pytest.mark.parametrize("trace", ["", "none", "1" * 31, "X" * 32])
def test_a_score_of_what_is_no_trace_is_refused(trace: str) -> None:
    """In words that say what is wanted."""
    with pytest.raises(treadle.errors.UsageError, match="has no trace"):
        treadle.score("mean", 1, trace=trace)


async def test_a_task_can_share_its_creators_context() -> None:
    """A context that is entered cannot be entered again: the task is made as it would be."""
    shared = contextvars.copy_context()

    async def inner() -> str:
        return "ran"

    @treadle.trace
    async def outer() -> str:
        return await asyncio.create_task(inner(), context=shared)

    assert await asyncio.create_task(outer(), context=shared) == "ran"


def test_a_finished_thread_is_freed_at_once() -> None:
    """Nothing of ours keeps it, and with it the call that started it, until the garbage collector comes."""

    @treadle.trace
    def start() -> "weakref.ref[threading.Thread]":
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        return weakref.ref(thread)

    start()
    gc.collect()
    gc.disable()
    try:
        assert start()() is None
    finally:
        gc.enable()


def test_a_long_program_notes_only_so_many_submissions(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When each was done is kept for a replay: a server's program would gather them without end."""
    monkeypatch.setattr(lanes, "MOST_SUBMISSIONS", 3)

    @treadle.trace
    def serve() -> None:
        with ThreadPoolExecutor(1) as pool:
            list(pool.map(int, range(5)))

    serve()
    assert len(recorded.only(store).end["attrs"]["treadle.submissions_done"]) == 3


def test_arguments_that_are_not_utf8_are_recorded(tmp_path: Path, store: Path) -> None:
    """File names may be any bytes."""
    program = tmp_path / "program.py"
    program.write_text("import treadle\n@treadle.trace\ndef f(): return 1\nprint(f())\n")
    done = plainly(str(program), "\udcff", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    assert recorded.only(store).status == "ok"


def test_a_score_that_cannot_be_written_harms_nobody(store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A label that is no text of this world is told once, and the program runs on."""

    @treadle.trace
    def judged() -> str:
        treadle.score("tone", label="\udc80")
        return "done"

    assert judged() == "done"
    assert "not recorded whole" in capfd.readouterr().err


def test_a_program_prints_what_it_prints_and_nothing_else(tmp_path: Path) -> None:
    """No warning of Python's is ours, in whichever version."""
    program = "import treadle\n@treadle.trace\ndef f(x): return x + 1\nprint(f(1))"
    done = plainly("-W", "always", "-c", program, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_no_file_of_ours_is_read_or_written_in_the_encoding_of_the_locale(tmp_path: Path, store: Path) -> None:
    """Python warns of it where that is asked for: neither git's files nor the store's are the program's doing."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(b"ref: refs/heads/main\n")
    (tmp_path / ".git" / "packed-refs").write_bytes(b"# pack-refs\n1234 refs/heads/main\n")
    program = "import treadle\n@treadle.trace\ndef f(x): return x + 1\nprint(f(1))"
    done = plainly("-X", "warn_default_encoding", "-W", "error", "-c", program, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("2\n", "")
    assert recorded.only(store).output == 2
    assert recorded.records(store)[0]["git_commit"] == "1234"


class Level(enum.IntEnum):
    """Numbers with names."""

    LOW = 1


class Name(enum.StrEnum):
    """Names of arguments, as programs keep them."""

    FIRST = "first"
    REST = "REST"


def test_keywords_of_a_class_of_the_programs_arrive_as_they_are() -> None:
    """Also those that are equal to a keyword written in source, and were not passed by it."""

    def take(first: int = 0, **named: int) -> tuple[int, list[tuple[type, str]]]:
        return first, [(type(name), repr(name)) for name in named]

    traced = treadle.trace(take)
    for named in ({"REST": 1}, {Name.FIRST: 1}, {Name.REST: 2}, {Name.FIRST: 1, "more": 2}):
        assert traced(**named) == take(**named)


def test_a_coroutine_can_be_made_as_deep_in_the_stack_as_without_treadle() -> None:
    """But for the wrapper's own frame; also the first one of a function, when it is not known yet how it is called."""

    async def answer(question: int) -> int:
        return question

    def deepest(function: Callable[[int], Coroutine[Any, Any, int]]) -> int:
        def reached(depth: int) -> int:
            try:
                function(depth).close()
                return reached(depth + 1)
            except RecursionError:
                return depth

        return reached(0)

    taken = 1 if sys.version_info >= (3, 12) else 0  # before, closing it takes one as well
    assert deepest(treadle.trace(answer)) >= deepest(answer) - taken


def test_the_recursion_limit_is_the_programs_again_after_a_call_at_the_end_of_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From Python 3.12 on it cannot be lowered down there, where the room for recording is given back."""
    monkeypatch.setattr(recording, "LOOK_EVERY_NS", 0)
    answer = treadle.trace(lambda: 1)
    before = sys.getrecursionlimit()

    def down(depth: int) -> int:
        return down(depth - 1) if depth else answer()

    depth = 0
    with contextlib.suppress(RecursionError):
        while sys.getrecursionlimit() == before:
            down(depth)
            depth += 1
    assert answer() == 1
    assert sys.getrecursionlimit() == before
