"""When things die: with the collector off, at the very moment at which the last that held them lets go."""

import asyncio
import gc
import sys
import weakref
from collections.abc import AsyncGenerator, Generator

import treadle


@treadle.trace
def warm_up() -> None:
    """Load what the first call loads."""


warm_up()
gc.collect()
gc.disable()


class Thing:
    """Says when it dies."""

    def __init__(self, name: str) -> None:
        self.name = name
        weakref.finalize(self, print, "  dead:", name)


class Failure(Exception):
    """Says when it dies."""

    def __del__(self) -> None:
        print("  dead:", self.args[0])


def told(what: str, act) -> None:
    print(what)
    act()
    print("  over")


@treadle.trace
def drop(first: Thing, second: Thing | None = None) -> Thing:
    held = Thing("local")
    print("  refs", sys.getrefcount(first))
    del first
    print("  dropped")
    return Thing("result") if held else held


@treadle.trace
def three(first: Thing, second: Thing, third: Thing) -> None:
    del second, third, first
    print("  dropped")


@treadle.trace
def many(first: Thing, *rest: Thing, **more: Thing) -> None:
    del first, rest
    print("  dropped")
    more.clear()
    print("  cleared")


@treadle.trace
def fail(thing: Thing) -> None:
    local = Thing("local of a failure")
    raise Failure("failure", bool(local))


def catch(act) -> None:
    try:
        act()
    except Failure as error:
        print("  caught", error.args)
    print("  handled")


@treadle.trace
async def later(thing: Thing) -> Thing:
    del thing
    print("  dropped")
    await asyncio.sleep(0)
    local = Thing("local")
    return Thing("result") if local else local


@treadle.trace
async def fail_later(thing: Thing) -> None:
    local = Thing("local of a failure")
    await asyncio.sleep(0)
    raise Failure("failure later", bool(local))


@treadle.trace
def stream(thing: Thing) -> Generator[Thing, object, None]:
    del thing
    print("  dropped")
    sent = yield Thing("chunk 1")
    print("  sent", sent is not None)
    del sent
    yield Thing("chunk 2")
    print("  going on")


def consume(made) -> None:
    for chunk in made:
        print("  got", chunk.name)
        del chunk
        print("  let go")


def send(made) -> None:
    next(made)
    print("  first")
    made.send(Thing("sent"))
    print("  second")
    made.close()


@treadle.trace
async def stream_later(thing: Thing) -> AsyncGenerator[Thing]:
    del thing
    print("  dropped")
    yield Thing("chunk 1")
    await asyncio.sleep(0)
    yield Thing("chunk 2")
    print("  going on")


async def consume_later(made) -> None:
    async for chunk in made:
        print("  got", chunk.name)
        del chunk
        print("  let go")


@treadle.trace
def holding() -> Generator[int]:
    held = Thing("held by a stream")
    try:
        yield 1
        yield 2
    finally:
        print("  cleaned", held.name)


def abandon() -> None:
    next(holding())
    print("  abandoned")
    made = holding()
    next(made)
    try:
        made.throw(Failure("thrown"))
    except Failure:
        print("  thrown")


class Shop:
    @treadle.trace
    def method(self, thing: Thing) -> "Shop":
        del thing
        print("  dropped")
        return self

    def __del__(self) -> None:
        print("  dead: shop")


told("one", lambda: drop(Thing("argument")))
told("two", lambda: drop(Thing("argument"), Thing("second")))
told("three", lambda: three(Thing("a"), Thing("b"), Thing("c")))
told("by keyword", lambda: drop(Thing("argument"), second=Thing("second")))
told("by keywords", lambda: three(third=Thing("c"), first=Thing("a"), second=Thing("b")))
told("many", lambda: many(Thing("a"), Thing("b"), Thing("c"), Thing("d"), fifth=Thing("e")))
told("method", lambda: Shop().method(Thing("argument")))
told("failure", lambda: catch(lambda: fail(Thing("argument of a failure"))))
told("coroutine", lambda: asyncio.run(later(Thing("argument"))))
told("failing coroutine", lambda: catch(lambda: asyncio.run(fail_later(Thing("argument")))))
told("stream", lambda: consume(stream(Thing("argument"))))
told("sent", lambda: send(stream(Thing("argument"))))
told("async stream", lambda: asyncio.run(consume_later(stream_later(Thing("argument")))))
told("abandoned", abandon)
kept = Thing("kept")
print(sys.getrefcount(kept), drop(kept) is not None, sys.getrefcount(kept))
gc.collect()


@treadle.trace
def echo(value: object) -> object:
    return value


def calls_of_each_sort() -> None:
    for _ in range(20):
        echo({"plain": 1})
        catch_quietly()
        list(stream_of_numbers())


@treadle.trace
def stream_of_numbers() -> Generator[int]:
    yield from range(3)


@treadle.trace
def fail_quietly() -> None:
    raise ValueError


def catch_quietly() -> None:
    try:
        fail_quietly()
    except ValueError:
        pass


calls_of_each_sort()
gc.collect()
gc.set_debug(gc.DEBUG_SAVEALL)
before = gc.get_threshold()
calls_of_each_sort()
print("garbage", gc.collect(), {type(each) for each in gc.garbage}, gc.get_threshold() == before, gc.isenabled())
