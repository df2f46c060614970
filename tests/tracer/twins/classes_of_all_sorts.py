"""Classes of all sorts with decorated methods, and classes that are decorated themselves."""

import abc
import asyncio
import dataclasses
import enum
import inspect
import pickle
import typing

import treadle


class Base(abc.ABC):
    """Cannot be made."""

    @treadle.trace
    @abc.abstractmethod
    def above(self) -> None: ...

    @abc.abstractmethod
    @treadle.trace
    def below(self) -> None: ...

    @property
    @abc.abstractmethod
    @treadle.trace
    def shown(self) -> int: ...


class Greeting(typing.Protocol):
    """Is a shape."""

    @treadle.trace
    def greet(self) -> str:
        return "hello"


class Polite(Greeting):
    """Has it."""


class Colour(enum.Enum):
    """Has methods."""

    RED = 1
    BLUE = 2

    @treadle.trace
    def shout(self) -> str:
        return self.name * 2

    @classmethod
    @treadle.trace
    def first(cls) -> "Colour":
        return next(iter(cls))


class Point(typing.NamedTuple):
    """Has a method."""

    left: int
    right: int = 2

    @treadle.trace
    def total(self) -> int:
        return self.left + self.right


class Meta(type):
    """Makes classes, and has a method of theirs."""

    @treadle.trace
    def describe(cls) -> str:
        return f"the class {cls.__name__}"


class Made(metaclass=Meta):
    """Is described by it."""


@treadle.trace
class Agent:
    """Is traced as a whole."""

    greeting = "hello"

    def answer(self, question: str) -> str:
        return f"{self.greeting} {self._hidden(question)}"

    def _hidden(self, question: str) -> str:
        return question

    async def later(self) -> str:
        return "later"

    def stream(self):
        yield from "ab"

    @classmethod
    def make(cls) -> "Agent":
        return cls()

    @staticmethod
    def shout(text: str) -> str:
        return text.upper()

    def __call__(self) -> str:
        return "called"

    def __repr__(self) -> str:
        return "Agent()"

    @property
    def shown(self) -> str:
        return "shown"


class Special(Agent):
    """Is not traced itself."""

    def answer(self, question: str) -> str:
        return super().answer(question) + "!"


@treadle.trace
@dataclasses.dataclass(slots=True)
class Above:
    """Is a dataclass below."""

    number: int
    on: typing.Callable = lambda: "default"

    def double(self) -> int:
        return self.number * 2


@dataclasses.dataclass(frozen=True, order=True)
@treadle.trace
class Below:
    """Is a dataclass above."""

    number: int

    def double(self) -> int:
        return self.number * 2


def show(*what: object) -> None:
    print(*what)


show(sorted(Base.__abstractmethods__), inspect.isabstract(Base))
try:
    Base()
except TypeError as error:
    show(error)
show(Polite().greet(), Colour.RED.shout(), Colour.first(), list(Colour), Point(1).total(), Point(1), Made.describe())
agent = Agent.make()
show(
    agent.answer("you"), asyncio.run(agent.later()), list(agent.stream()), Agent.shout("a"), agent(), agent, agent.shown
)
show(
    Special().answer("you"),
    isinstance(Special(), Agent),
    pickle.loads(pickle.dumps(agent)),
    Agent.__name__,
    Agent.__doc__,
)
show(sorted(vars(Agent)), inspect.signature(Agent.answer), Agent.answer.__qualname__)
show(
    Above(3).double(),
    Above(3),
    Above(2).on(),
    Below(3).double(),
    Below(1) < Below(2),
    dataclasses.replace(Below(1), number=5),
)
