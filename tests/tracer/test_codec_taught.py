"""Types that the program teaches, and values that the user lets Treadle pickle."""

import json
import pickle
import sys
from collections import deque
from collections.abc import Iterator
from typing import Any

import closure_types
import numpy as np
import pytest
from closure_types import Coin, Money

import treadle
from treadle import taught
from treadle.errors import NotReplayableError, UsageError
from treadle.values import digest, encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Forget what a test has taught."""
    before = dict(taught.TAUGHT)
    yield
    taught.TAUGHT.clear()
    taught.TAUGHT.update(before)


def teach() -> None:
    """Teach money as a tuple."""
    treadle.codec(Money, lambda money: (money.amount, {"as": "money"}), lambda held: Money(held[0]))


def test_a_taught_type_comes_back() -> None:
    """From any value that the codec knows, also where the type was seen before it was taught."""
    encode(Money(1), REDACTOR)
    teach()
    encoded = encode([Money(3)], REDACTOR)
    assert encoded.why is None
    assert json.loads(plain(encoded.payload)) == [[3, {"as": "money"}]]
    (revived,) = revive(encoded.payload)
    assert (type(revived), revived.amount) == (Money, 3)


def test_a_type_of_a_library_can_be_taught() -> None:
    """It need not be the project's: the program says how it is built."""
    treadle.codec(np.random.RandomState, lambda _: "state", lambda _: np.random.RandomState(1))
    assert type(revive(encode(np.random.RandomState(1), REDACTOR).payload)) is np.random.RandomState


def test_a_subclass_is_not_taught_by_what_it_inherits() -> None:
    """It may hold more."""
    teach()
    assert json.loads(encode(Coin(1), REDACTOR).payload)["$"] == "object"


def test_a_codec_that_raises_makes_the_value_opaque() -> None:
    """The call goes on, and the reason says what was raised."""
    treadle.codec(Money, lambda money: 1 / 0, lambda held: Money(0))
    encoded = encode({"m": Money(1)}, REDACTOR)
    assert encoded.why == "m: the codec of closure_types:Money raised builtins:ZeroDivisionError: division by zero"
    json.loads(plain(encoded.payload))


def test_a_codec_that_returns_what_it_was_given_ends() -> None:
    """As a cycle."""
    treadle.codec(Money, lambda money: money, lambda held: held)
    assert encode(Money(1), REDACTOR).why == "cut: a cycle"


def test_a_type_that_is_not_taught_here_says_what_to_do() -> None:
    """The reviving process must teach it too."""
    teach()
    payload = encode(Money(3), REDACTOR).payload
    taught.TAUGHT.clear()
    with pytest.raises(NotReplayableError, match=r"taught with treadle\.codec.*call it in closure_types"):
        revive(payload)


def test_a_builder_that_raises_says_so() -> None:
    """In the words of a value that cannot be built."""
    treadle.codec(Money, lambda money: 1, lambda held: held["no"])
    with pytest.raises(NotReplayableError, match="a recorded taught cannot be built"):
        revive(encode(Money(1), REDACTOR).payload)


@pytest.mark.parametrize("make", [lambda held: {"money": held}, lambda held: {held}, lambda held: deque([held])])
def test_a_container_may_change_while_it_is_walked(make: Any) -> None:
    """As another thread may change it at any time: it is written all the same."""
    shared = make(Money(1))
    add = {dict: lambda: shared.update(more=1), set: lambda: shared.add(1), deque: lambda: shared.append(1)}[
        type(shared)
    ]
    treadle.codec(Money, lambda money: add(), lambda held: Money(0))
    assert encode([shared], REDACTOR).why is None


@pytest.mark.parametrize("wrong", [(3, str, str), (str, str, str), (Money, 3, str), (Money, str, None)], ids=str)
def test_what_cannot_be_taught_is_an_error(wrong: Any) -> None:
    """Of the one who asked for it."""
    with pytest.raises(UsageError):
        treadle.codec(*wrong)


class Stubborn:
    """Pickles, and cannot be recorded otherwise."""

    def __init__(self) -> None:
        self.stream = iter([1, 2])

    def __eq__(self, other: object) -> bool:
        return type(other) is Stubborn

    __hash__ = None


def pickled(value: Any, **options: Any) -> Any:
    """Return what is written where pickling is allowed."""
    return encode(value, REDACTOR, may_pickle=True, **options)


def test_what_has_no_encoder_is_pickled_where_the_user_asked() -> None:
    """It comes back where the record is signed, and stays where it stands in the tree."""
    encoded = pickled({"a": [iter([1, 2]), 3]})
    assert encoded.why is None
    assert json.loads(plain(encoded.payload)) == {"a": ["<pickled builtins:list_iterator>", 3]}
    revived = revive(encoded.payload, pickles_are_signed=True)
    assert (list(revived["a"][0]), revived["a"][1]) == ([1, 2], 3)
    assert digest(encoded.payload)[1]


def test_nothing_is_pickled_unasked() -> None:
    """Nor where it cannot be, nor what has a name, nor what is too long."""
    assert encode(iter([1]), REDACTOR).why is not None
    assert pickled(n for n in (1, 2)).why == "builtins.generator has no encoder"
    assert b'"instance"' in pickled(closure_types.LOCK).payload
    assert pickled(iter(["x" * 20_000_000])).why == "builtins.list_iterator has no encoder"


class Trap:
    """Runs code when it is loaded."""

    def __reduce__(self) -> Any:
        return print, ("it ran",)


def test_a_pickle_that_is_not_signed_is_not_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    """Loading one runs code: only what this user signed, under the Python that wrote it."""
    tree = json.loads(pickled(iter([1])).payload)
    trapped = {**tree, "v": __import__("base64").b64encode(pickle.dumps(Trap())).decode()}
    with pytest.raises(NotReplayableError, match="is not signed"):
        revive(json.dumps(trapped).encode())
    other = json.dumps({**trapped, "python": "2.7"}).encode()
    with pytest.raises(NotReplayableError, match=rf"by Python 2\.7, and this is 3\.{sys.version_info.minor}"):
        revive(other, pickles_are_signed=True)
    assert capsys.readouterr().out == ""


def test_a_pickle_that_does_not_load_says_so() -> None:
    """Its class may be gone."""
    tree = json.loads(pickled(iter([1])).payload)
    broken = json.dumps({**tree, "v": "AAAA"}).encode()
    with pytest.raises(NotReplayableError, match="does not load any more"):
        revive(broken, pickles_are_signed=True)
