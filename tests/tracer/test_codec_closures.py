"""Functions come back as they are in today's source, bound to what they were bound to."""

import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import closure_types
import pytest

from treadle.errors import NotReplayableError
from treadle.values import digest, encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()


def back(value: Any) -> Any:
    """Return what comes back of a value."""
    encoded = encode({"value": value}, REDACTOR)
    assert encoded.why is None
    revived = revive(encoded.payload)["value"]
    assert encode({"value": revived}, REDACTOR).payload == encoded.payload
    return revived


def test_a_closure_holds_what_it_held() -> None:
    """Its variables are its own again."""
    step = closure_types.counting(3)
    assert step() == 4
    revived = back(step)
    assert (revived(), revived(), step()) == (5, 6, 5)


def test_a_closure_over_itself_comes_back() -> None:
    """It calls itself, not the one that was recorded."""
    assert back(closure_types.factorial())(5) == 120


def test_defaults_and_globals_come_back() -> None:
    """Of both kinds, and those of today's module."""
    inner = closure_types.with_defaults(100)
    assert (inner(3), back(inner)(3), back(inner)(3, (2, 5), more=0)) == (107, 107, 130)


def test_two_of_one_name_are_told_apart() -> None:
    """By their code."""
    assert [back(function)() for function in closure_types.pair()] == ["first", "second"]


def test_a_lambda_under_a_name_comes_back() -> None:
    """It stands in the module, and has no name of its own."""
    assert back(closure_types.ADD)(1, 2) == 3


def test_a_wrapper_is_not_what_it_wraps() -> None:
    """Where its name finds it, by name; where it finds what is wrapped, by its code and that."""
    assert back(closure_types.decorated) is closure_types.decorated
    assert back(closure_types.doubled(closure_types.increment))(1) == 4
    assert back(closure_types.traced) is closure_types.traced


def test_partials_come_back() -> None:
    """With what was given to them, of closures too."""
    revived = back(functools.partial(closure_types.with_defaults(1), 3, more=(0)))
    assert (type(revived), revived.args, revived.keywords, revived()) == (functools.partial, (3,), {"more": 0}, 7)


def test_a_variable_that_cannot_be_revived_is_named() -> None:
    """With its path; the function can be looked at."""
    encoded = encode({"key": closure_types.locked()}, REDACTOR)
    assert encoded.why == "key.lock: _thread.lock has no encoder"
    assert json.loads(plain(encoded.payload))["key"]["cells"]["beside"] == 1


def test_lines_do_not_count() -> None:
    """A function that moved is the same; one with other cells is another."""
    tree = json.loads(encode(closure_types.counting(1), REDACTOR).payload)
    moved = json.dumps({**tree, "line": tree["line"] + 40}).encode()
    assert digest(moved) == digest(json.dumps(tree).encode())
    assert digest(moved) != digest(encode(closure_types.counting(2), REDACTOR).payload)


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """Return what writes and loads a module of the project anew."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(source: str) -> Any:
        sys.modules.pop("edited_closures", None)
        (tmp_path / "edited_closures.py").write_text(source)
        namespace: Any = __import__("types").ModuleType("edited_closures")
        namespace.__file__ = str(tmp_path / "edited_closures.py")
        sys.modules["edited_closures"] = namespace
        exec(compile(source, namespace.__file__, "exec"), vars(namespace))
        return namespace

    yield load
    sys.modules.pop("edited_closures", None)


def test_an_edited_closure_is_todays(edited: Callable[[str], Any]) -> None:
    """With the recorded variables; of several that changed, the nearest one."""
    make = "def make(n):\n    return lambda: n\ndef other(n):\n    return lambda: -n\n"
    payload = encode(edited(make).make(7), REDACTOR).payload
    edited("# one more line\n" + make.replace("lambda: n", "lambda: ('new', n)"))
    assert revive(payload)() == ("new", 7)
    edited("def make(n):\n    near = lambda: ('near', n)\n\n\n    return near, lambda: ('far', n)\n")
    assert revive(payload)() == ("near", 7)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def make(n):\n    return n\n", "is no longer in"),
        ("def make(n, k=1):\n    return lambda: n + k\n", "uses 'k' today, which was not recorded"),
        ("def make(n:\n", "does not compile any more"),
    ],
)
def test_a_closure_that_is_gone_says_so(edited: Callable[[str], Any], source: str, why: str) -> None:
    """Removed, with one more variable, or in a file that does not compile."""
    module = edited("def make(n):\n    return lambda: n\n")
    payload = encode(module.make(7), REDACTOR).payload
    Path(module.__file__).write_text(source)
    with pytest.raises(NotReplayableError, match=why):
        revive(payload)


@pytest.mark.parametrize(
    "forged",
    [
        {"$": "closure", "v": "functools:wraps.<locals>.x", "line": 1, "hash": "", "cells": {}},
        {"$": "closure", "v": "no_such_module:x", "line": 1, "hash": "", "cells": {}},
        {"$": "function", "v": "builtins:eval"},
        {"$": "function", "v": "os:system"},
        {"$": "partial", "v": {"$": "function", "v": "os:system"}, "args": ["true"], "keywords": {}},
        {"$": "method", "v": "ask", "self": 1},
        {"$": "method", "v": "__init__", "self": {"$": "type", "v": "closure_types:Client"}},
    ],
    ids=str,
)
def test_a_forged_function_is_refused(forged: dict[str, Any]) -> None:
    """None that is not the project's, and none that opens or runs anything."""
    with pytest.raises(NotReplayableError):
        revive(json.dumps(forged).encode())


def test_functions_that_do_no_harm_come_back() -> None:
    """Python's own, as a key or a parser."""
    for function in (len, sorted, json.loads, __import__("math").sqrt):
        assert back(function) is function
    assert encode(eval, REDACTOR).why == "builtins:eval is not a function of the project"
