"""Ctrl-C in the middle of our own code: it passes through as it would, and a call that began ends once."""

import contextvars
import dis
import functools
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import recorded
import treadle

OWN_FOLDER = str(Path(treadle.__file__).parent)
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


class CtrlC:
    """Raises `KeyboardInterrupt` at the n-th of those points in our code, as a signal would."""

    def __init__(self, at: int) -> None:
        self.left = at
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
                raise KeyboardInterrupt
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


def interrupt(act: Callable[[], Any], at: int) -> bool:
    """Press Ctrl-C at the n-th point in our code; tell whether there were so many."""
    ctrl_c = CtrlC(at)
    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # Python 3.12 tells of opcodes where a frame asked before the tracing began
    sys.settrace(ctrl_c.trace)
    try:
        act()
    except (KeyboardInterrupt, ValueError):
        pass
    finally:
        sys.settrace(before)
    return ctrl_c.left <= 0
