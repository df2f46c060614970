"""Traced calls while the interpreter shuts down."""

import atexit
import sys
import threading
from collections.abc import Generator

import treadle


@treadle.trace
def step(number: int) -> int:
    return number * 2


@treadle.trace
def stream() -> Generator[int]:
    try:
        yield 1
        yield 2
    finally:
        step(3)


class Dying:
    def __init__(self, step=step) -> None:
        self.step = step

    def __del__(self) -> None:
        print("dying", self.step(5))


def at_exit() -> None:
    print("at exit", step(4))


def daemon(started: threading.Event) -> None:
    while True:
        step(6)
        started.set()


if "early" in sys.argv:
    step(0)
if "thread" in sys.argv:
    event = threading.Event()
    threading.Thread(target=daemon, args=(event,), daemon=True).start()
    event.wait()
if "del" in sys.argv:
    dying = Dying()
    held = stream()
    next(held)
if "exit" in sys.argv:
    atexit.register(at_exit)
if "thread at exit" in sys.argv:
    threading.Thread(target=lambda: (threading.main_thread().join(), print("after", step(7)))).start()
print("done")
sys.exit(3 if "code" in sys.argv else 0)
