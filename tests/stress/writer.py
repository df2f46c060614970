"""A traced program that never stops: it prints the ids of its calls' spans after each chain has returned.

`python writer.py CHAINS_A_SECOND`: what it has printed is acknowledged, and must be in the index once.
"""

import os
import sys
import time
from collections.abc import Iterator

import treadle


def span_id() -> str:
    """Return the id of the call that this one is made in."""
    current = treadle.current()
    assert current is not None
    return current.span_id


@treadle.trace(kind="tool")
def look_up(number: int) -> str:
    """Fail at times."""
    if number % 10 == 9:
        raise LookupError(span_id())
    return span_id()


@treadle.trace(kind="llm")
def say(number: int) -> Iterator[str]:
    """Stream an answer."""
    yield span_id()
    yield f"said {number} " * 20


@treadle.trace
def chain(number: int) -> list[str]:
    """Make both calls."""
    spans = [span_id(), next(iter(list(say(number))))]
    try:
        spans.append(look_up(number))
    except LookupError as error:
        spans.append(str(error))
    return spans


def main() -> None:
    """Call until killed."""
    pause_s = 1 / float(sys.argv[1])
    number = 0
    while True:
        os.write(1, f"{' '.join(chain(number))}\n".encode())
        number += 1
        time.sleep(pause_s)


main()
