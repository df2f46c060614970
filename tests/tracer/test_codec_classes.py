"""Instances come back filled with what they held: nothing of their class runs."""

import json
from datetime import date
from types import SimpleNamespace
from typing import Any

import attrs
import attrs_types
import codec_types
import numpy as np
import pytest
from attrs_types import Axle, Wheel
from codec_types import Denied, Words
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from treadle.errors import NotReplayableError
from treadle.values import encode, plain
from treadle.values.redact import Redactor, is_secret_name
from treadle.values.revive import revive

REDACTOR = Redactor()
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9) | st.binary(max_size=9)
    | st.decimals(allow_nan=False) | st.fractions() | st.complex_numbers(allow_nan=False) | st.uuids() | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones()) | st.times() | st.timedeltas() | st.ip_addresses()
    | st.timezones() | st.just(...) | st.sampled_from(codec_types.Colour) | st.sampled_from(codec_types.Access)
    | st.builds(range, st.integers(), st.integers(), st.integers(1))
    | arrays_of.arrays(arrays_of.scalar_dtypes(), arrays_of.array_shapes(max_side=3))
)  # fmt: skip
HASHABLE = st.integers() | st.text(max_size=5) | st.dates() | st.tuples(st.booleans(), st.binary(max_size=3))
NAMES = st.text(max_size=5).filter(lambda name: not is_secret_name(name))
FIELDS = st.from_regex("[a-z_]{1,9}", fullmatch=True).filter(lambda name: not is_secret_name(name))
NESTED = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(NAMES | st.integers() | st.none(), inner, max_size=3)
        | st.sets(HASHABLE, max_size=3)
        | st.frozensets(HASHABLE, max_size=3)
        | st.builds(codec_types.Point, inner, inner)
        | st.builds(codec_types.Order, st.integers(), st.lists(inner, max_size=2))
        | st.builds(Axle, st.lists(inner, max_size=2))
        | st.builds(Words, st.lists(inner, max_size=2))
        | st.dictionaries(FIELDS, inner, max_size=2).map(lambda held: SimpleNamespace(**held))
    ),
    max_leaves=10,
)


@given(NESTED)
def test_any_types_nested_in_each_other_come_back(value: Any) -> None:
    """Standard types, the project's own, arrays: equal, and of the same types all the way down."""
    encoded = encode(value, REDACTOR)
    assert encoded.why is None
    assert is_same(revive(encoded.payload), value)
    json.loads(plain(encoded.payload))


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(is_same(left, right) for left, right in pairs)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(is_same(left, right) for left, right in zip(one, other, strict=True))
    if isinstance(one, codec_types.Order | SimpleNamespace):
        return is_same(vars(one), vars(other))
    return is_same(one.wheels, other.wheels) if isinstance(one, Axle) else bool(one == other)


def test_nothing_of_an_attrs_class_runs() -> None:
    """Neither converters nor validators nor `__attrs_post_init__`, frozen or not."""
    codec_types.MADE.clear()
    wheel = Wheel("front", 4, "LOUD")
    wheel.label = "LOUDER"
    held = [wheel, Axle([wheel])]
    payload = encode(held, REDACTOR).payload
    attrs_types.REVIVING.append("now")
    try:
        with pytest.raises(AssertionError):
            Wheel("front", 4)
        revived = revive(payload)
    finally:
        attrs_types.REVIVING.clear()
    assert revived == held
    assert revived[0].label == "louder"


@attrs.frozen(cache_hash=True)
class Remembering:
    """Remembers its hash, which is another one in each process."""

    name: str


def test_a_remembered_hash_is_forgotten() -> None:
    """It is taken anew."""
    value = Remembering("a")
    hash(value)
    payload = encode(value, REDACTOR).payload
    assert json.loads(payload)["v"] == {"name": "a"}
    assert hash(revive(payload)) == hash(value)


class Guarded:
    """Has a setter that must not run, a slot of an ancestor, and something cached."""

    def __new__(cls, *_: Any) -> Any:
        """Be called by nobody but this test."""
        assert attrs_types.REVIVING == []
        return super().__new__(cls)

    @property
    def size(self) -> Any:
        """Return nothing worth while."""
        raise AssertionError("a property ran")

    @size.setter
    def size(self, _: Any) -> None:
        raise AssertionError("a setter ran")


class MadeError(Exception):
    """Has a `__new__` of its own."""

    def __new__(cls, *_: Any) -> Any:
        """Be called by nobody but this test."""
        assert attrs_types.REVIVING == []
        return super().__new__(cls)


class MadeText(str):
    """Has one too."""

    __slots__ = ()

    def __new__(cls, text: str) -> Any:
        """Be called by nobody but this test."""
        assert attrs_types.REVIVING == []
        return super().__new__(cls, text)


def test_neither_setters_nor_new_run() -> None:
    """What stood in the dict stands there again."""
    codec_types.MADE.clear()
    value = Guarded()
    vars(value)["size"] = 3
    payload = encode([value, MadeError(1), MadeText("t")], REDACTOR).payload
    attrs_types.REVIVING.append("now")
    try:
        guarded, error, text = revive(payload)
        assert (vars(guarded), error.args, text) == ({"size": 3}, (1,), "t")
    finally:
        attrs_types.REVIVING.clear()


def test_a_field_that_a_class_has_no_place_for_is_told() -> None:
    """It was renamed."""
    payload = json.dumps({"$": "object", "type": "codec_types:Slotted", "v": {"gone": 1}}).encode()
    with pytest.raises(NotReplayableError, match="has no field gone any more"):
        revive(payload)


def test_a_subclass_keeps_what_it_holds_beside() -> None:
    """Its own fields."""
    words = Words(["a"])
    words.language = "en"  # type: ignore[attr-defined]
    revived = revive(encode(words, REDACTOR).payload)
    assert (revived, revived.language) == (["a"], "en")


ERRORS = [
    FileNotFoundError(2, "No such file", "/tmp/x"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    StopIteration(3),
    KeyError("k"),
    ImportError("gone", name="module", path="/x"),
    json.JSONDecodeError("bad", "{", 1),
    ExceptionGroup("several", [ValueError(1), Denied("Ann", code=3)]),
    TimeoutError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_of_python_come_back_whole(error: BaseException) -> None:
    """With what they keep beside their arguments, so that they say the same."""
    revived: Any = revive(encode(error, REDACTOR).payload)
    assert type(revived) is type(error)
    assert str(revived) == str(error)
    assert repr(revived) == repr(error)
    for name in ("filename", "name", "path", "value", "reason", "pos"):
        assert getattr(revived, name, None) == getattr(error, name, None)


def test_a_class_that_a_replay_does_not_find_or_build_is_told_when_it_is_recorded() -> None:
    """Made inside a function, or of a library that is not trusted."""

    class Local:
        """Is made inside a function."""

    assert "Local was made inside a function" in (encode({"a": Local()}, REDACTOR).why or "")
    assert encode(date, REDACTOR).why == "datetime:date is neither the project's nor trusted"
    foreign = attrs.make_class("Foreign", ["x"])
    foreign.__module__ = "hypothesis.core"
    encoded = encode({"a": foreign(1)}, REDACTOR)
    assert encoded.why == "a: hypothesis.core:Foreign is neither the project's nor trusted"
    assert json.loads(plain(encoded.payload)) == {"a": {"x": 1}}
