"""`configure(record=["clock"])` and dates: what is asked for now is a reading, and the types stay what they are."""

import copy
import inspect
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pydantic
import pytest

import recorded
import treadle

REAL = vars(datetime)["now"], vars(datetime)["utcnow"]
EAST = timezone(timedelta(hours=9))


@pytest.fixture
def recording() -> Iterator[None]:
    """Record the clock."""
    treadle.configure(record=["clock"])
    yield
    treadle.configure(record=())


@treadle.trace
def chain(act: Callable[[], Any]) -> Any:
    """Do something in a traced call."""
    return act()


class Moment(datetime):
    """A type of the project's."""


def utcnow() -> datetime:
    """Ask without what newer Pythons say of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return datetime.utcnow()


WAYS: dict[str, tuple[Callable[[], Any], Callable[[float], Any]]] = {
    "now": (lambda: datetime.now(), datetime.fromtimestamp),
    "now in UTC": (lambda: datetime.now(UTC), lambda at: datetime.fromtimestamp(at, UTC)),
    "now elsewhere": (lambda: datetime.now(tz=EAST), lambda at: datetime.fromtimestamp(at, EAST)),
    "now of a type of the project": (lambda: Moment.now(), Moment.fromtimestamp),
    "utcnow": (utcnow, lambda at: datetime.fromtimestamp(at, UTC).replace(tzinfo=None)),
    "today": (lambda: datetime.today(), datetime.fromtimestamp),
    "the date of today": (lambda: date.today(), date.fromtimestamp),
}


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize(("ask", "at"), WAYS.values(), ids=WAYS.keys())
def test_a_date_of_now_is_a_reading(store: Any, ask: Callable[[], Any], at: Callable[[float], Any]) -> None:
    """Of the clock, that the date was made of, in its zone and of its type."""
    told = chain(ask)
    (reading,) = recorded.calls(store)[1:]
    assert (reading.name, reading.given) == ("time.time", {})
    wanted = at(reading.output)
    assert (told, type(told), getattr(told, "tzinfo", None)) == (wanted, type(wanted), getattr(wanted, "tzinfo", None))


@pytest.mark.usefixtures("recording")
def test_outside_of_a_traced_call_the_clock_is_the_real_one(store: Any) -> None:
    """And what says its time itself reads none."""
    assert abs(datetime.now(UTC) - datetime.fromtimestamp(0, UTC)) > timedelta(days=365)
    chain(lambda: (datetime.fromtimestamp(5), datetime(2020, 1, 1), date(2020, 1, 1)))
    assert len(recorded.calls(store)) == 1


WRONG: list[Callable[[], Any]] = [
    lambda: datetime.now("UTC"),  # type: ignore[arg-type]
    lambda: datetime.now(UTC, UTC),  # type: ignore[call-arg]
    lambda: datetime.now(zone=UTC),  # type: ignore[call-arg]
    lambda: datetime.utcnow(UTC),  # type: ignore[call-arg]
]


@pytest.mark.parametrize("act", WRONG)
def test_what_is_asked_wrongly_is_wrong_in_the_same_words(act: Callable[[], Any]) -> None:
    """As without recording."""
    told = []
    for record in ((), ("clock",)):
        treadle.configure(record=record)
        with pytest.raises(TypeError) as raised:
            chain(act)
        told.append(str(raised.value))
    treadle.configure(record=())
    assert told[0] == told[1]


class Note(pydantic.BaseModel):
    """Was made before anything was recorded."""

    at: datetime = pydantic.Field(default_factory=lambda: datetime.now(UTC))


@pytest.mark.usefixtures("recording")
def test_the_types_stay_what_they_are(store: Any) -> None:
    """Nothing stands in their place: what knows them by identity, models and pickles, works as before."""

    class Later(pydantic.BaseModel):
        at: datetime = pydantic.Field(default_factory=datetime.now)

    @dataclass
    class Made:
        at: datetime = field(default_factory=datetime.now)

    made = chain(lambda: (Note(), Later(), Made()))
    assert len(recorded.calls(store)) == 3  # the lambda and the dataclass are the project's; what pydantic asks is not
    for one in (each.at for each in made):
        assert type(one) is datetime
        assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
        assert one + timedelta(1) > one
    assert pickle.loads(pickle.dumps(datetime.now)) == datetime.now
    assert (datetime.now.__name__, datetime.now.__self__) == ("now", datetime)
    assert list(inspect.signature(datetime.now).parameters) == ["tz"]
    assert Later.model_validate({"at": "2020-01-01"}).at == datetime(2020, 1, 1)


def test_it_is_undone() -> None:
    """The members are the very ones that they were; a kept one still works."""
    treadle.configure(record=["clock"])
    kept = datetime.now
    assert vars(datetime)["now"] is not REAL[0]
    treadle.configure(record=["uuid"])
    assert (vars(datetime)["now"], vars(datetime)["utcnow"]) == REAL
    assert type(datetime.now).__name__ == "builtin_function_or_method"
    assert kept(UTC) <= datetime.now(UTC)
    treadle.configure(record=())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no Python before says it")
@pytest.mark.usefixtures("recording")
def test_what_python_says_of_utcnow_is_said() -> None:
    """Of 3.12 and newer."""
    with pytest.warns(DeprecationWarning, match=r"utcnow\(\) is deprecated"):
        chain(lambda: datetime.utcnow())
