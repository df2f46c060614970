"""What a nested function is made over stands in the start record of each of its calls, signed with the input."""

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from treadle.errors import UsageError
from treadle.signing import sign_start, signer_of

KEY = bytes(32)
CALL = {"process": "p", "trace": "t", "span": "s", "place": " chain 0", "function": "m:f", "payload": b'{"n":1}'}


def counting(start: int) -> Callable[[], int]:
    """Return a traced closure over a number that it changes."""
    count = start

    @treadle.trace
    def step() -> int:
        nonlocal count
        count += 1
        return count

    return step


def lone() -> Callable[[], int]:
    """Return a nested function that is made over nothing."""

    @treadle.trace
    def seven() -> int:
        return 7

    return seven


class Counter:
    """Has a method that is made over its class."""

    @treadle.trace
    def count(self) -> type:
        """Return the class."""
        return __class__


def test_it_is_what_it_was_when_the_call_began(store: Path) -> None:
    """Not when the function was made, nor when the call ended."""
    step = counting(3)
    step()
    step()
    assert [call.start["cells"] for call in recorded.calls(store)] == [{"count": 3}, {"count": 4}]


def test_a_function_that_a_name_finds_says_nothing_of_it(store: Path) -> None:
    """Nor one that is made over nothing; a method that speaks of its class is found by its name."""
    lone()()
    Counter().count()
    assert [set(call.start) & {"cells", "cells_bytes"} for call in recorded.calls(store)] == [set(), set()]


def test_it_stands_right_before_the_input(store: Path) -> None:
    """As long as the record says: whoever checks the signature needs its very bytes."""
    counting(3)()
    (journal,) = recorded.journals(store)
    (line,) = [line for line in journal.read_bytes().splitlines() if b'"r":"start"' in line]
    assert line.endswith(b',"cells_bytes":11,"cells":{"count":3},"bytes":2,"in":{}}')


def test_a_record_without_it_is_signed_as_ever() -> None:
    """Recordings of before are replayed as they were."""
    before = blake2b(b'start\np\nt\ns\n chain 0\nm:f\n{"n":1}', key=KEY, digest_size=16).hexdigest()
    assert sign_start(signer_of(KEY), **CALL) == before  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "other",
    [
        {"cells": b'{"count":4}'},
        {"cells": b""},
        {"cells": b"", "payload": b'{"count":3}\n{"n":1}'},
        {"cells": b"", "function": 'm:f\n{"count":3}'},
        {"cells": b'{"count":3}', "payload": b'{"n":2}'},
    ],
    ids=["another", "none", "in the input", "in the name", "another input"],
)
def test_it_is_under_the_signature(other: dict[str, Any]) -> None:
    """Changed, left out, or with another input it is not what was recorded."""
    signed: dict[str, Any] = {**CALL, "cells": b'{"count":3}'}
    assert sign_start(signer_of(KEY), **signed) != sign_start(signer_of(KEY), **{**signed, **other})


def test_ignore_takes_names_of_variables_around_it_and_no_others() -> None:
    """As of its own parameters."""
    rows, step = [1], 2
    treadle.trace(ignore=["rows"])(lambda: rows[step])
    with pytest.raises(UsageError, match="ignore names 'other', which is no parameter"):
        treadle.trace(ignore=["other"])(lambda: rows[step])
