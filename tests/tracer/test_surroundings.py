"""`configure(record=...)`: what the project reads of the clock and of random numbers is a step, and else the same."""

import copy
import inspect
import os
import pickle
import queue
import random
import secrets
import time
import types
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import choice as chosen_by_name
from typing import Any

import pytest

import recorded
import treadle
from programs import python
from treadle.errors import UsageError

ALL = ("clock", "random", "uuid")


@pytest.fixture
def recording() -> Iterator[None]:
    """Record all there is to record."""
    treadle.configure(record=ALL)
    yield
    treadle.configure(record=())


@treadle.trace
def chain(act: Callable[[], Any]) -> Any:
    """Do something in a traced call."""
    return act()


def steps(store: Path) -> list[tuple[str, Any]]:
    """Return name and input of what was recorded below the chain."""
    return [(call.name, call.given) for call in recorded.calls(store) if call.name != "chain"]


def test_nothing_is_recorded_or_replaced_unless_it_is_asked_for(store: Path) -> None:
    """Off by default."""
    chain(lambda: (time.time(), random.random(), uuid.uuid4()))
    assert type(time.time) is types.BuiltinFunctionType
    assert type(uuid.uuid4) is types.FunctionType
    assert steps(store) == []


@pytest.mark.usefixtures("recording")
def test_each_reading_is_a_step_with_its_answer(store: Path) -> None:
    """Of kind tool, named as it is written, below the call that reads; what is chosen by its position."""
    wanted = chain(
        lambda: [
            time.time(),
            time.perf_counter_ns(),
            random.randint(1, 6),
            random.uniform(a=1, b=2),
            str(uuid.uuid4()),
            secrets.token_hex(4),
            ["a", "b", "c"].index(random.choice("abc")),
        ]
    )
    found = recorded.calls(store)
    assert [(call.name, call.given, call.output) for call in found[1:]] == [
        ("time.time", {}, wanted[0]),
        ("time.perf_counter_ns", {}, wanted[1]),
        ("random.randint", {"args": [1, 6]}, wanted[2]),
        ("random.uniform", {"kwargs": {"a": 1, "b": 2}}, wanted[3]),
        ("uuid.uuid4", {}, wanted[4]),
        ("secrets.token_hex", {"args": [4]}, wanted[5]),
        ("random.choice", {"of": 3}, wanted[6]),
    ]
    assert {call.start["kind"] for call in found[1:]} == {"tool"}
    assert found[0].children == found[1:]


@pytest.mark.usefixtures("recording")
def test_only_the_project_is_recorded_and_only_in_a_traced_call(store: Path) -> None:
    """What the standard library reads for itself is none of the program's steps."""
    time.time(), random.random()
    taken: queue.Queue[int] = queue.Queue()
    taken.put(1)
    chain(lambda: (taken.get(timeout=1), random.Random(1).random(), random.SystemRandom().random()))
    assert steps(store) == []


@pytest.mark.usefixtures("recording")
def test_a_date_reads_the_clock(store: Path) -> None:
    """Where it is given no time; else it reads nothing."""
    told = chain(lambda: (time.strftime("%Y"), time.localtime(), time.gmtime(None), time.ctime(), time.asctime()))
    assert steps(store) == [("time.time", {})] * 5
    seconds = recorded.calls(store)[2].output
    assert told[1] == time.localtime(seconds)
    chain(lambda: (time.strftime("%Y", told[1]), time.localtime(5), time.ctime(5), time.asctime(told[1])))
    assert len(steps(store)) == 5


def drawn() -> list[Any]:
    """Draw in every way."""
    cards = list("abcdefgh")
    random.shuffle(cards)
    return [
        cards,
        random.random(),
        random.choice(cards),
        random.choices(cards, k=3),
        random.choices(cards, range(8), k=3),
        random.choices(cards, cum_weights=range(1, 9), k=2),
        random.sample(cards, 3),
        random.sample("ab", 3, counts=[2, 2]),
        random.gauss(0, 1),
        random.randrange(3, 99, 3),
        random.getrandbits(70),
        random.randbytes(5),
        random.random(),
    ]


def test_the_numbers_are_those_of_the_seed(store: Path) -> None:
    """Recorded or not: `random.seed` is what it was, and so is what is drawn after it."""
    random.seed(7)
    wanted = chain(drawn)
    treadle.configure(record=ALL)
    random.seed(7)
    assert chain(drawn) == wanted
    treadle.configure(record=())
    assert len(steps(store)) == 13


WRONG: list[Callable[[], Any]] = [
    lambda: random.choice([]),
    lambda: random.choice(),  # type: ignore[call-arg]
    lambda: random.choice({1}),  # type: ignore[arg-type]
    lambda: random.sample({1, 2}, 1),  # type: ignore[arg-type]
    lambda: random.sample([1], 2),
    lambda: random.choices([], k=1),
    lambda: random.choices([1, 2], [1]),
    lambda: random.shuffle((1, 2)),  # type: ignore[arg-type]
    lambda: random.randint(5, 1),
    lambda: secrets.token_bytes(-1),
    lambda: time.localtime("now"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("act", WRONG)
def test_what_is_wrong_is_wrong_in_the_same_words(act: Callable[[], Any]) -> None:
    """As without recording."""
    told = []
    for record in ((), ALL):
        treadle.configure(record=record)
        with pytest.raises((TypeError, ValueError, IndexError)) as raised:
            chain(act)
        told.append((raised.type, str(raised.value)))
    treadle.configure(record=())
    assert told[0] == told[1]


@dataclass
class Note:
    """Reads in what a dataclass writes for it."""

    made_at: float = field(default_factory=time.time)


class Timer:
    """Holds a function that is no method, and one that is."""

    clock = time.time
    number = uuid.uuid4


@pytest.mark.usefixtures("recording")
def test_what_stands_there_is_what_stood_there(store: Path) -> None:
    """To whoever looks at it: its type, its name, its signature, its pickle, as a member of a class."""

    @dataclass
    class Made:
        made_at: float = field(default_factory=time.time)

    class Held:
        clock = time.time

    for thing in (time.time, uuid.uuid4, os.urandom, secrets.token_hex):
        assert pickle.loads(pickle.dumps(thing)) == thing
        assert copy.deepcopy(thing) == thing
    assert isinstance(time.time, types.BuiltinFunctionType)
    assert isinstance(uuid.uuid4, types.FunctionType)
    assert (uuid.uuid4.__name__, uuid.uuid4.__module__) == ("uuid4", "uuid")
    assert repr(time.time) == "<built-in function time>"
    assert list(inspect.signature(random.choice).parameters) == ["seq"]
    chain(lambda: (Held().clock(), Made()))
    assert steps(store) == [("time.time", {})] * 2
    with pytest.raises(TypeError, match="positional argument"):
        Timer().number()  # type: ignore[misc]


def test_it_is_undone(store: Path) -> None:
    """In the modules, and where the project had taken a function by its name; what is kept elsewhere still works."""
    before = time.time, uuid.uuid4, chosen_by_name
    treadle.configure(record=["clock", "random"])
    assert chosen_by_name is random.choice
    assert chosen_by_name is not before[2]
    chain(lambda: chosen_by_name([1]))
    kept = time.time
    treadle.configure(record=["uuid"])
    assert (time.time is before[0], uuid.uuid4 is before[1], chosen_by_name is before[2]) == (True, False, True)
    treadle.configure(record=())
    assert (time.time, uuid.uuid4, chosen_by_name) == before
    assert type(uuid.uuid4) is types.FunctionType
    assert kept() > 0
    assert [name for name, _ in steps(store)] == ["random.choice"]


def test_what_redacts_may_read_the_clock_itself(store: Path) -> None:
    """Nothing is recorded of what is read while something is recorded: it would never end."""
    read = []

    def redact(text: str) -> str:
        read.append(time.time())
        return text

    treadle.configure(record=["clock"], redact=redact)
    try:
        chain(lambda: time.time())
    finally:
        treadle.configure(record=(), redact=None)
    assert 0 < len(read) < 50
    assert ("time.time", {}) in steps(store)


def test_the_environment_asks_for_it_too(store: Path) -> None:
    """Unless the program says what it wants; a group that there is not is told, and the program runs on."""
    source = "import time, treadle\n@treadle.trace\ndef chain(): return time.time()\n"
    python(f"{source}chain(); chain()", TREADLE_RECORD="clock, uuid")
    assert steps(store) == [("time.time", {})] * 2
    python(f"{source}treadle.configure(record=())\nchain()", TREADLE_RECORD="clock")
    python(f"{source}chain()", TREADLE_RECORD="clocks")
    assert len(steps(store)) == 2
    assert len(recorded.roots(store)) == 4


@pytest.mark.parametrize("record", ["clock", ["clocks"]])
def test_what_there_is_not_is_refused(record: Any) -> None:
    """With what there is."""
    with pytest.raises(UsageError, match=r"give a list|what can be recorded is clock, random, uuid"):
        treadle.configure(record=record)
