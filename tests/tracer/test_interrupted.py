"""Ctrl-C and time limits in the middle of our own code: they pass through, and a call that began ends once."""

import contextvars
import dis
import functools
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import recorded
import treadle

OWN_FOLDER = str(Path(treadle.__file__).parent)
Handler = Callable[[int, FrameType | None], None]
CALLS = ("CALL", "CALL_KW", "CALL_FUNCTION_EX")
"""Not `CALL_INTRINSIC_1`, which Python 3.12 brought: that is work of the interpreter's own."""


@functools.cache
def points(code: CodeType) -> frozenset[int]:
    """Return where in the code Python looks for signals: after a call, at the beginning of a function and of a loop."""
    instructions = list(dis.get_instructions(code))
    after = {
        following.offset
        for instruction, following in pairwise(instructions)
        if instruction.opname in ("RESUME", *CALLS)
    }
    loops = {each.argval for each in instructions if each.opname.startswith("JUMP_BACKWARD")}
    return frozenset(after | loops)


class TooLong(Exception):
    """The program's own time limit, by a signal."""


def end_in_time(number: int, frame: FrameType | None) -> None:
    """Handle the signal."""
    raise TooLong


@pytest.fixture
def limited() -> Iterator[None]:
    """Have the program handle a signal."""
    before = signal.signal(signal.SIGALRM, end_in_time)
    yield
    signal.signal(signal.SIGALRM, before)


class Interruption:
    """Calls a signal's handler at the n-th of those points in our code, as Python would."""

    def __init__(self, at: int, handle: Handler) -> None:
        self.left = at
        self._handle = handle
        self._has_returned = False

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """Count points; see `sys.settrace`. Python does not look when a function of its own has returned."""
        if not frame.f_code.co_filename.startswith(OWN_FOLDER):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode" and frame.f_lasti in points(frame.f_code) and not self._has_returned:
            self.left -= 1
            if self.left == 0:
                self._handle(signal.SIGALRM, None)
        self._has_returned = event == "return"
        return self.trace


@treadle.trace
def answer(number: int) -> int:
    """Answer."""
    return number


@treadle.trace
def fail(number: int) -> int:
    """Fail."""
    raise ValueError(number)


@treadle.trace
def stream() -> Generator[int]:
    """Stream."""
    yield 1


@treadle.trace
async def later() -> int:
    """Answer, later."""
    return 1


@treadle.trace
async def stream_later() -> AsyncGenerator[int]:
    """Stream, later."""
    yield 1


def driven(awaitable: Any) -> Any:
    """Run what never waits, without an event loop."""
    try:
        awaitable.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


def drive_stream_later() -> None:
    """Read all of it, without an event loop."""
    made = stream_later()
    try:
        while True:
            driven(made.__anext__())
    except StopAsyncIteration:
        return


WAYS: dict[str, Callable[[], Any]] = {
    "answer": lambda: answer(1),
    "fail": lambda: fail(1),
    "stream": lambda: list(stream()),
    "later": lambda: driven(later()),
    "stream_later": drive_stream_later,
}


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_anywhere_in_our_code_leaves_the_recording_whole(way: str, store: Path) -> None:
    """Wherever it comes: nothing else is raised, no call is current any more, and what began has ended, once."""
    act = WAYS[way]
    answer(0)
    at = 1
    while interrupt(act, at):
        assert treadle.current() is None, f"a call is still current after Ctrl-C at point {at}"
        at += 1
    assert at > 50
    calls = recorded.calls(store)
    statuses = {call.status for call in calls}
    assert statuses <= {"ok", "interrupted", "error" if way == "fail" else "ok"}
    assert "interrupted" in statuses or way != "answer"
    assert answer(2) == 2


@pytest.mark.usefixtures("limited")
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize("way", WAYS)
def test_a_time_limit_ends_the_call_wherever_it_comes(way: str, store: Path) -> None:
    """What a handler of the program's raises in our code is no fault of ours, to be caught and told."""
    act = WAYS[way]
    assert not interrupt(act, 10**6)  # its functions are described by now
    at = 1
    while interrupt(act, at, end_in_time):
        assert treadle.current() is None, f"a call is still current after the time limit at point {at}"
        at += 1
    assert at > 50
    statuses = {call.status for call in recorded.calls(store)}
    assert statuses <= {"ok", "error"}
    assert "error" in statuses


def test_ctrl_c_around_a_block_leaves_it_open_at_two_points_only(store: Path) -> None:
    """When `__enter__` has returned, and when `__exit__` has only begun: no code of ours can see it there."""

    def block() -> None:
        with treadle.span("block") as span:
            span.set_output(1)

    answer(0)
    at, left_open = 1, 0
    going_on = True
    while going_on:
        context = contextvars.copy_context()
        going_on = context.run(interrupt, block, at)
        left_open += context.run(treadle.current) is not None
        at += 1
    assert at > 50
    assert left_open <= 2
    assert [call.status for call in recorded.calls(store)].count("running") <= 2


def interrupt(act: Callable[[], Any], at: int, handle: Handler = signal.default_int_handler) -> bool:
    """Have a signal at the n-th point in our code, Ctrl-C unless said; tell whether there were so many."""
    interruption = Interruption(at, handle)
    before = sys.gettrace()
    came_out: type[BaseException] | None = None
    sys._getframe().f_trace_opcodes = True  # Python 3.12 tells of opcodes where a frame asked before the tracing began
    sys.settrace(interruption.trace)
    try:
        act()
    except (KeyboardInterrupt, TooLong, ValueError) as error:
        came_out = type(error)
    finally:
        sys.settrace(before)
    if interruption.left > 0:
        return False
    assert came_out is (TooLong if handle is end_in_time else KeyboardInterrupt)
    return True
