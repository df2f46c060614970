"""Methods of all sorts, decorated above and below."""

import asyncio
import copy
import functools
import inspect
import pickle
import sys
import typing

import treadle


class Shop:
    """Has one of each."""

    __slots__ = ("__dict__", "factor")

    @treadle.trace
    def __new__(cls, *args):
        return super().__new__(cls)

    @treadle.trace
    def __init__(self, factor: int = 2) -> None:
        self.factor = factor

    @treadle.trace
    def instance(self, number: int) -> int:
        return self.factor * number

    @treadle.trace
    @classmethod
    def above_class(cls, number: int) -> str:
        return f"{cls.__name__} {number}"

    @classmethod
    @treadle.trace
    def below_class(cls, number: int) -> str:
        return f"{cls.__name__} {number}"

    @treadle.trace
    @staticmethod
    def above_static(number: int) -> int:
        return number

    @staticmethod
    @treadle.trace
    def below_static(number: int) -> int:
        return number

    @treadle.trace
    @property
    def above_property(self) -> int:
        """Show the factor."""
        return self.factor

    @above_property.setter
    def above_property(self, value: int) -> None:
        self.factor = value

    @property
    @treadle.trace
    def below_property(self) -> int:
        return self.factor

    @treadle.trace
    @functools.cached_property
    def above_cached(self) -> int:
        print("computed")
        return self.factor

    @functools.cached_property
    @treadle.trace
    def below_cached(self) -> int:
        print("computed")
        return self.factor

    above_partial = treadle.trace(functools.partialmethod(instance, 5))
    below_partial = functools.partialmethod(treadle.trace(instance), 6)
    of_partial = treadle.trace(functools.partial(max, 3))
    of_builtin = treadle.trace(len)
    of_unbound = treadle.trace(str.upper)

    @functools.singledispatchmethod
    @treadle.trace
    def dispatched(self, value: object) -> str:
        return f"object {value}"

    @dispatched.register
    @treadle.trace
    def _(self, value: int) -> str:
        return f"int {value}"

    @treadle.trace
    @functools.lru_cache(maxsize=2)
    def above_lru(self, number: int) -> int:
        print("worked out")
        return number

    @functools.lru_cache(maxsize=2)
    @treadle.trace
    def below_lru(self, number: int) -> int:
        print("worked out")
        return number

    @treadle.trace
    def __call__(self, number: int) -> int:
        return number

    @treadle.trace
    def __enter__(self):
        return "entered"

    @treadle.trace
    def __exit__(self, *error) -> bool:
        print("left", error[0])
        return True

    @treadle.trace
    def __len__(self) -> int:
        return 3

    @treadle.trace
    def __iter__(self):
        yield from (1, 2)

    @treadle.trace
    def __getitem__(self, at: int) -> int:
        return (7, 8)[at]

    @treadle.trace
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shop)

    @treadle.trace
    def __hash__(self) -> int:
        return 1

    @treadle.trace
    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"no {name}"

    @treadle.trace
    async def later(self) -> int:
        return self.factor

    @treadle.trace
    async def __aenter__(self):
        return "entered later"

    @treadle.trace
    async def __aexit__(self, *error) -> None:
        print("left later")

    @treadle.trace
    def __init_subclass__(cls, **options) -> None:
        print("subclass", cls.__name__, options)

    @treadle.trace
    def __set_name__(self, owner, name) -> None:
        print("named", name, owner.__name__)

    @typing.overload
    def overloaded(self, value: int) -> int: ...
    @typing.overload
    def overloaded(self, value: str) -> str: ...
    @treadle.trace
    def overloaded(self, value):
        return value


class Corner(Shop, option=1):
    """Overrides, and calls what it overrides."""

    inside = Shop()

    @treadle.trace
    def instance(self, number: int) -> int:
        return super().instance(number) + 1

    @treadle.trace
    @classmethod
    def above_class(cls, number: int) -> str:
        return super().above_class(number) + "!"

    @treadle.trace
    async def later(self) -> int:
        return await super().later() + 1


def show(*what: object) -> None:
    print(*what)


shop, corner = Shop(4), Corner(5)
for one in (shop, corner):
    show(one.instance(2), one.above_class(1), one.below_class(1), type(one).above_class(2))
    show(one.above_static(1), type(one).below_static(2), one.above_property, one.below_property)
    show(one.above_cached, one.above_cached, one.below_cached, one.below_cached)
    show(one.above_partial(), one.below_partial(), one.of_builtin("abc"))
    if sys.version_info < (3, 13):
        show(one.of_partial(9))
    show(one.dispatched("a"), one.dispatched(1), one.above_lru(1), one.above_lru(1), one.below_lru(1), one.below_lru(1))
    show(one(3), len(one), list(one), one[1], one == shop, hash(one), one.nothing, one.overloaded("x"), {one: 1}[one])
    one.above_property = 7
    show(one.factor, asyncio.run(one.later()), pickle.loads(pickle.dumps(one)).factor, copy.copy(one).factor)
    with one as inside:
        raise ValueError(inside)


async def enter(one: Shop) -> None:
    async with one as inside:
        show(inside)


asyncio.run(enter(shop))
show(Shop.above_lru.cache_info(), Shop.below_lru.cache_info(), Shop.above_property.__doc__, Shop.instance.__name__)
show(Shop.instance(shop, 1), inspect.signature(shop.instance), inspect.signature(Shop.above_class))
show(inspect.isdatadescriptor(Shop.above_property), type(vars(Shop)["above_class"]), type(vars(Shop)["above_static"]))
show(inspect.ismethod(shop.instance), shop.instance.__self__ is shop, shop.instance.__func__ is Shop.instance)
show(
    shop.instance == shop.instance, Shop.of_builtin is Shop.of_builtin, isinstance(Shop.above_lru, type(Shop.below_lru))
)


class Callables:
    """Are called in three ways."""

    def __call__(self, number: int) -> int:
        return number

    tag = "attribute"


class Later:
    async def __call__(self, number: int) -> int:
        return number


class Stream:
    def __call__(self, number: int):
        yield number


plain = treadle.trace(Callables())
show(plain(1), plain.tag, isinstance(plain, Callables), inspect.signature(plain), callable(plain))
show(asyncio.run(treadle.trace(Later())(2)), list(treadle.trace(Stream())(3)))
show(asyncio.run(treadle.trace(functools.partial(Later().__call__, 4))()))
show(treadle.trace(shop.instance)(3), treadle.trace(shop.instance).__self__ is shop)
show(treadle.trace(print)("printed", sep=""), treadle.trace(max)(1, 2), treadle.trace(int.__add__)(1, 2))


@treadle.trace
@functools.singledispatch
def dispatched(value: object) -> str:
    return "object"


@dispatched.register
def _(value: int) -> str:
    return "int"


@functools.singledispatch
@treadle.trace
def dispatched_above(value: object) -> str:
    return "object"


dispatched_above.register(int, treadle.trace(lambda value: "int"))
show(dispatched("a"), dispatched(1), dispatched_above("a"), dispatched_above(1))
