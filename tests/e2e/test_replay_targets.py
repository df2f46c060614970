"""Everything that can be traced is replayed alone: methods of all sorts, callables, all flavours."""

import pytest

from e2e.alone import said_of_each
from e2e.conftest import Project

METHODS = """
import functools, threading, treadle

class Ledger:
    def __init__(self, rate):
        with open("built.txt", "a") as log: log.write(f"{rate}\\n")
        self.rate = rate

    @treadle.trace(name="method")
    def price(self, cents):
        return cents * self.rate

    @treadle.trace(name="classmethod inside")
    @classmethod
    def of(cls, rate):
        return cls.__name__, rate

    @classmethod
    @treadle.trace(name="classmethod outside")
    def made(cls, rate):
        return cls.__name__, rate

    @treadle.trace(name="staticmethod inside")
    @staticmethod
    def doubled(cents):
        return cents * 2

    @staticmethod
    @treadle.trace(name="staticmethod outside")
    def tripled(cents):
        return cents * 3

    @property
    @treadle.trace(name="getter")
    def cents(self):
        return self.rate * 100

    @cents.setter
    @treadle.trace(name="setter")
    def cents(self, cents):
        self.rate = cents / 100

    @functools.cached_property
    @treadle.trace(name="cached_property")
    def cached(self):
        return self.rate + 1

    half = functools.partialmethod(treadle.trace(lambda self, by: self.rate / by, name="partialmethod"), 2)

    class Line:
        @treadle.trace(name="method of a nested class")
        def total(self, count):
            return self.unit * count

class Book(Ledger):
    pass

@treadle.trace
class Agent:
    limit = 3
    def ask(self, question):
        return question * self.limit
    def __call__(self, question):
        return question + "!"

class Locked:
    def __init__(self):
        self.lock = threading.Lock()
    @treadle.trace(name="method of a module's instance")
    def ask(self):
        with self.lock:
            return "held"

LOCKED = Locked()

if __name__ == "__main__":
    book = Book(2)
    book.price(5), Book.of(1), Book.made(1), Ledger.doubled(1), Ledger.tripled(1), book.cents, book.cached, book.half()
    book.cents = 700
    line = Ledger.Line()
    line.unit = 7
    line.total(3)
    Agent().ask("a"), Agent()("a")
    LOCKED.ask()
"""


def test_methods_of_every_sort_are_called_again(project: Project) -> None:
    """On an object of the recorded fields that no `__init__` ran for, on its class, or on what a module holds."""
    project.record(METHODS)
    said_of = said_of_each(project)
    assert set(said_of) == {
        "method", "classmethod inside", "classmethod outside", "staticmethod inside", "staticmethod outside", "getter",
        "setter", "cached_property", "partialmethod", "method of a nested class", "Agent.ask", "Agent.__call__",
        "method of a module's instance",
    }  # fmt: skip
    assert {name: told for name, told in said_of.items() if told != "same"} == {}
    assert (project.folder / "built.txt").read_text() == "2\n"


CALLABLES = """
import functools, treadle

def greet(greeting, name):
    return f"{greeting} {name}"

class Scorer:
    def __init__(self, factor): self.factor = factor
    def __call__(self, number): return number * self.factor

def counted(function):
    calls = []
    def counting(*args):
        calls.append(args)
        return function(*args)
    return counting

def doubled(function):
    @functools.wraps(function)
    def doubling(*args): return function(*args) * 2
    return doubling

class Command:
    def __init__(self, callback): self.callback = callback

hello = treadle.trace(functools.partial(greet, "Hello"), name="partial")
scored = treadle.trace(Scorer(3), name="object")
longest = treadle.trace(max, name="builtin")
plain = treadle.trace(greet, name="under another name")
square = treadle.trace(lambda number: number ** 2, name="lambda")

@counted
@treadle.trace(name="under a decorator")
def inner(number): return number + 1

@doubled
@treadle.trace(name="under a decorator that wraps")
def wrapped(number): return number + 1

@treadle.trace(name="over a decorator that wraps")
@doubled
def around(number): return number + 1

@treadle.trace(name="over a decorator that does not")
@counted
def outer(number): return number + 1

@functools.lru_cache
@treadle.trace(name="under a cache")
def cached(number): return number + 1

@Command
@treadle.trace(name="in an object")
def command(number): return number + 1

class Held:
    scored = treadle.trace(Scorer(5), name="object in a class")

if __name__ == "__main__":
    hello("Ada"), scored(2), longest(1, 2), plain("Hi", "Ada"), square(3)
    inner(1), wrapped(1), around(1), outer(1), cached(1), command.callback(1), Held.scored(2)
"""


def test_callables_and_what_stands_inside_decorators_are_found(project: Project) -> None:
    """By the name that the program holds them under, and below what other decorators put around them."""
    project.record(CALLABLES)
    said_of = said_of_each(project)
    assert len(said_of) == 12
    assert {name: told for name, told in said_of.items() if told != "same"} == {}


FLAVOURS = """
import asyncio, treadle

@treadle.trace
async def later(number):
    await asyncio.sleep(0)
    return number + 1

@treadle.trace
def letters(text):
    yield from text
    return len(text)

@treadle.trace
async def letters_later(text):
    for letter in text:
        yield letter

def made(step):
    @treadle.trace
    async def nested_later(number): return number + step
    @treadle.trace
    def nested_letters(text): yield text * step
    @treadle.trace
    async def nested_letters_later(text): yield text * step
    return nested_later, nested_letters, nested_letters_later

async def read(stream):
    return [item async for item in stream]

if __name__ == "__main__":
    asyncio.run(later(1)), list(letters("ab")), asyncio.run(read(letters_later("ab")))
    one, two, three = made(2)
    asyncio.run(one(1)), list(two("a")), asyncio.run(read(three("a")))
"""


def test_all_flavours_are_called_again(project: Project) -> None:
    """Coroutines and generators of both sorts, at the top of a module and nested."""
    project.record(FLAVOURS)
    assert said_of_each(project) == dict.fromkeys(
        ["later", "letters", "letters_later", "nested_later", "nested_letters", "nested_letters_later"], "same"
    )


SINGLE, STREAM = "    return question.upper()", "    yield question.upper()"
TODAY = {
    "a plain function": ("def", SINGLE),
    "a coroutine": ("async def", SINGLE),
    "a generator": ("def", STREAM),
    "an async generator": ("async def", STREAM),
}
QUESTION = """
import asyncio, treadle
@treadle.trace
{define} chain(question):
{body}
if __name__ == "__main__":
    {call}
"""


@pytest.mark.parametrize(("define", "body"), TODAY.values(), ids=TODAY.keys())
@pytest.mark.parametrize("before", ["def", "async def"])
def test_a_function_is_called_as_what_it_is_today(project: Project, before: str, define: str, body: str) -> None:
    """A chain that has become a coroutine since is awaited, one that has become a stream is summed up, and so on."""
    call = "chain('Where?')" if before == "def" else "asyncio.run(chain('Where?'))"
    recorded = project.record(QUESTION.format(define=before, body=SINGLE, call=call))
    project.write(QUESTION.format(define=define, body=body, call="pass"))
    result = project.replay(recorded)
    assert result.verdict == "same", result.sentence


LEAVES = """
import sys, treadle
@treadle.trace
def chain(code):
    sys.exit(code)
if __name__ == "__main__":
    try:
        chain(3)
    except SystemExit:
        print("left")
"""


def test_a_chain_that_left_the_program_leaves_it_again(project: Project) -> None:
    """An exit is no failure of the call that it comes out of; where the call had returned it is one."""
    recorded = project.record(LEAVES)
    assert project.replay(recorded).verdict == "same"
    returned = project.record(LEAVES.replace("sys.exit(code)", "return code"))
    project.write(LEAVES)
    assert project.replay(returned).verdict == "regressed"
