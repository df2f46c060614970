"""Signals while a program is replayed: what a replay started is a session of its own, and would stay behind."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeAlias

UNTOUCHED = (signal.SIG_DFL, signal.default_int_handler)
"""A signal that is ignored, as in the background of a script, stays so."""
Handler: TypeAlias = Callable[[int, FrameType | None], Any]
ENDS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """Leave through every `finally` when told to end."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled({end: leave for end in ENDS if signal.getsignal(end) is signal.SIG_DFL}):
        yield


@contextmanager
def left_to_the_child() -> Iterator[None]:
    """Leave Ctrl-C to the debugged program, which shares the terminal."""

    def ignore(_number: int, _: FrameType | None) -> None:
        """Unlike SIG_IGN, a handler is not inherited."""

    with leaving_in_order(), _handled({signal.SIGINT: ignore}):
        yield


class Stopping:
    """Whether a signal said to stop, and which exit code that makes."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.code = 0


@contextmanager
def stopping() -> Iterator[Stopping]:
    """Take the first signal as the word to stop in order; a second one interrupts."""
    told = Stopping()

    def stop(number: int, _: FrameType | None) -> None:
        if told.event.is_set():
            raise KeyboardInterrupt
        told.code = 128 + number
        told.event.set()

    with _handled({end: stop for end in (*ENDS, signal.SIGINT) if signal.getsignal(end) in UNTOUCHED}):
        yield told


@contextmanager
def _handled(handlers: Mapping[signal.Signals, Handler]) -> Iterator[None]:
    kept = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
