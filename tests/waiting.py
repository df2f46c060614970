"""Waiting for a thing to be so, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], *, timeout_s: float = 10, what: str = "") -> Value:
    """Return the condition's first true value, asking every 5 ms; fail after `timeout_s`, naming what was awaited."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            awaited = what or getattr(condition, "__name__", repr(condition))
            raise AssertionError(f"not so after {timeout_s} s: {awaited} (last seen: {value!r})")
        time.sleep(0.005)
