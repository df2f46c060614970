"""Values to tagged JSON and back: plain JSON stays itself, types come back, hostile values harm nobody."""

import json
import math
import sys
from typing import Any

import codec_types
import pytest
from codec_types import VALUES, Denied, Heir, Picky, Plain, Strict
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import NotReplayableError
from treadle.values import encode, plain
from treadle.values.redact import Redactor, is_secret_name
from treadle.values.revive import revive

REDACTOR = Redactor()
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS = TEXTS.filter(lambda word: word != "$" and not is_secret_name(word))
KEYS = st.text(max_size=5).filter(lambda word: not is_secret_name(word))
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)
ANY_VALUES = st.recursive(
    JSON_VALUES | st.integers() | st.binary(max_size=9) | st.dates() | st.uuids() | st.decimals(allow_nan=False),
    lambda inner: (
        st.tuples(inner, inner)
        | st.lists(inner, max_size=3)
        | st.dictionaries(st.integers() | KEYS | st.booleans(), inner, max_size=3)
        | st.frozensets(st.integers() | st.text(max_size=5), max_size=3)
    ),
    max_leaves=12,
)


def tagged(value: Any) -> bytes:
    """Return the value as tagged JSON."""
    return encode(value, REDACTOR).payload


def why(value: Any) -> str | None:
    """Return why the value could not be revived."""
    return encode(value, REDACTOR).why


@given(JSON_VALUES)
def test_plain_json_is_itself(value: Any) -> None:
    """What JSON can hold is written as it is: the payload parses to the value, without a tag."""
    payload = tagged(value)
    assert json.loads(payload) == value
    assert plain(payload) is payload or "$" in payload.decode()
    assert json.loads(plain(payload)) == value


@given(ANY_VALUES)
def test_values_come_back_equal_and_of_their_type(value: Any) -> None:
    """Whatever is made of standard types is revived as it was."""
    assert why(value) is None
    assert same(revive(tagged(value)), value)


@given(ANY_VALUES)
def test_encoding_is_stable(value: Any) -> None:
    """A revived value is written as the same bytes."""
    payload = tagged(value)
    assert tagged(revive(payload)) == payload


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(same(left, right) for left, right in pairs)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(same(left, right) for left, right in zip(one, other, strict=True))
    return bool(one == other)


@pytest.mark.parametrize("name", VALUES)
def test_each_type_comes_back(name: str) -> None:
    """Every type that the codec knows makes the round trip, and can be looked at without being revived."""
    value = VALUES[name]
    assert why(value) is None
    revived = revive(tagged(value))
    assert type(revived) is type(value)
    assert revived == value
    assert tagged(revived) == tagged(value)
    json.loads(plain(tagged(value)))


def test_what_equality_does_not_see_comes_back_too() -> None:
    """Extra and private fields, fields that were set, the fold of a time, default factories."""
    country = revive(tagged(VALUES["pydantic"]))
    assert (country.anthem, country._visits, country.model_fields_set) == (
        ["la", "la"], 3, {"capital", "cities", "anthem"},
    )  # fmt: skip
    assert revive(tagged(VALUES["dataclass"])).note == "set later"
    assert revive(tagged(VALUES["datetime zone"])).fold == 1
    assert revive(tagged(VALUES["deque"])).maxlen == 5
    counts = revive(tagged(VALUES["defaultdict"]))
    counts["new"].append(1)
    assert counts == {"a": [1], "new": [1]}
    assert math.isnan(revive(tagged(float("nan"))))


def test_neither_init_nor_validators_run() -> None:
    """A value is filled with what it held."""
    picky = Picky.__new__(Picky)
    picky.number = 3
    assert revive(tagged(picky)) == picky
    made = Strict(number=1)
    before = len(codec_types.MADE)
    assert revive(tagged(made)) == made
    assert len(codec_types.MADE) == before


def test_an_exception_comes_back_as_its_class() -> None:
    """With its arguments and fields, whatever its `__init__` wants."""
    error = revive(tagged(Denied("Ann", code=3)))
    assert type(error) is Denied
    assert (str(error), error.code) == ("Ann was denied", 3)


def test_bound_methods_come_back() -> None:
    """A method of an object is found again, an inherited one too."""
    for owner in (Plain("Ann"), Heir("Ann")):
        assert revive(tagged(owner.greet))() == "I am Ann"


@pytest.mark.parametrize(
    "forged",
    [
        {"$": "sentinel", "v": "codec_types:Picky"},
        {"$": "sentinel", "v": "subprocess:Popen"},
        {"$": "function", "v": "os:system"},
        {"$": "object", "type": "subprocess:Popen", "v": {}},
        {"$": "dataclass", "type": "codec_types:Plain", "v": {}},
        {"$": "pydantic", "type": "codec_types:Plain", "v": {}},
        {"$": "enum", "type": "codec_types:Plain", "v": "name"},
        {"$": "exception", "type": "codec_types:Plain", "v": {"args": []}},
        {"$": "exception", "type": "builtins:Exception", "v": {}},
        {"$": "type", "v": "codec_types:helper"},
        {"$": "type", "v": "no_such_module:X"},
        {"$": "unknown", "v": 1},
        {"$": 3},
        {"$": "tuple"},
    ],
    ids=str,
)
def test_the_reviver_builds_only_what_the_tag_claims(forged: dict[str, Any]) -> None:
    """A forged value names what it is not, or something outside the project: it is refused, and nothing runs."""
    with pytest.raises(NotReplayableError):
        revive(json.dumps(forged).encode())


def make_local() -> Any:
    """Return a function that cannot be found again: it was compiled from no file."""
    namespace: dict[str, Any] = {"__name__": "test_codec"}
    exec("def make():\n    return lambda: None", namespace)
    return namespace["make"]()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"lock": __import__("threading").Lock()}, "lock: _thread.lock has no encoder"),
        ({"deep": [make_local()]}, "deep: test_codec:make.<locals>.<lambda> was made inside a function"),
        (iter([1]), "builtins.list_iterator has no encoder"),
        (sys.stdout, "has no encoder"),
    ],
)
def test_what_cannot_be_revived_says_where_and_why(value: Any, reason: str) -> None:
    """The reason names the path; the value can be looked at, and is refused by the reviver."""
    assert reason in (why(value) or "")
    json.loads(plain(tagged(value)))
    with pytest.raises(NotReplayableError):
        revive(tagged(value))


class LyingList(list[int]):
    """Says that it is longer than it is, and does not iterate."""

    def __len__(self) -> int:
        return 10**9

    def __iter__(self) -> Any:
        raise RuntimeError("no iteration")


class BadKeys(dict[str, int]):
    """A dict whose items raise."""

    def items(self) -> Any:
        """Raise."""
        raise RuntimeError("no items")


def test_a_subclass_is_recorded_as_what_it_holds() -> None:
    """Whatever its own methods say: they may lie, raise, or be slow."""
    assert json.loads(plain(tagged([LyingList([1]), BadKeys(a=1)]))) == [[1], {"a": 1}]


def test_a_value_that_stands_twice_is_no_cycle() -> None:
    """The same object in two places is written twice."""
    shared = [1]
    assert json.loads(tagged([shared, shared])) == [[1], [1]]
