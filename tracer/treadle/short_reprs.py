"""How a local shows itself, without reading all of it: it may be 500 MB, or hold itself many times over."""

import reprlib
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeAlias

from treadle.values.classes import member_of

MOST_ITEMS = 300
"""Of one local, over all levels: lists that hold each other have more than a program lives to see."""
MOST_OF_ONE = 50
DEEPEST = 3
LONGEST_INT = 60
MORE = "..."


def short_repr(value: Any, *, longest: int) -> str:
    """Return the repr of a value: of containers the first items, of texts and of what is unknown the two ends.

    - `longest`: how many characters are kept of one text.
    """
    return _ShortRepr(longest).repr(value)


class _ShortRepr(reprlib.Repr):
    """Shows one value; what a container holds is taken in its own order, for sorting reads it whole."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.maxlevel = DEEPEST
        self.maxstring = self.maxother = longest
        self.maxlong = LONGEST_INT
        self._left = MOST_ITEMS

    def repr1(self, x: Any, level: int) -> str:
        """Show by the repr that the class really has: it may be inherited from a built-in one."""
        if self._left <= 0:
            return MORE
        self._left -= 1
        own = member_of(type(x), "__repr__")
        for base, show in _SHOWN:
            if own is vars(base)["__repr__"]:
                name = type(x).__name__
                return show(self, x, level) if type(x) is base else f"{name}({show(self, x, level)})"
        return self.repr_instance(x, level)

    def listed(self, items: Iterable[Any], count: int, level: int, brackets: str) -> str:
        """Show the first of some items."""
        if level <= 0 and count:
            return f"{brackets[0]}{MORE}{brackets[1]}"
        shown = [self.repr1(item, level - 1) for item in self._first(items)]
        comma = "," if brackets == "()" and count == 1 else ""
        return f"{brackets[0]}{_joined(shown, count)}{comma}{brackets[1]}"

    def mapped(self, held: dict[Any, Any], level: int) -> str:
        """Show the first of a dictionary's items."""
        count = dict.__len__(held)
        if level <= 0 and count:
            return f"{{{MORE}}}"
        shown = [
            f"{self.repr1(key, level - 1)}: {self.repr1(value, level - 1)}"
            for key, value in self._first(dict.items(held))
        ]
        return f"{{{_joined(shown, count)}}}"

    def _first(self, items: Iterable[Any]) -> Iterable[Any]:
        for item in islice(items, MOST_OF_ONE):
            if self._left <= 0:
                return
            yield item


def _joined(shown: list[str], count: int) -> str:
    return ", ".join([*shown, MORE] if count > len(shown) else shown)


_Show: TypeAlias = Callable[[_ShortRepr, Any, int], str]
_VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))


def _view(short: _ShortRepr, view: Any, level: int) -> str:
    return f"{type(view).__name__}({short.listed(view, len(view), level, '[]')})"


def _set(short: _ShortRepr, held: set[Any], level: int) -> str:
    return short.listed(set.__iter__(held), count, level, "{}") if (count := set.__len__(held)) else "set()"


def _frozenset(short: _ShortRepr, held: frozenset[Any], level: int) -> str:
    count = frozenset.__len__(held)
    return f"frozenset({short.listed(frozenset.__iter__(held), count, level, '{}') if count else ''})"


def _dict(short: _ShortRepr, held: dict[Any, Any], level: int) -> str:
    return short.mapped(held, level)


_SHOWN: tuple[tuple[type, _Show], ...] = (
    (str, lambda short, text, level: short.repr_str(str.__getitem__(text, slice(None)), level)),
    (int, lambda short, number, level: short.repr_int(int.__int__(number), level)),
    (bytes, lambda short, data, _: repr(bytes.__getitem__(data, slice(short.maxstring)))),
    (bytearray, lambda short, data, _: repr(bytearray.__getitem__(data, slice(short.maxstring)))),
    (list, lambda short, held, level: short.listed(list.__iter__(held), list.__len__(held), level, "[]")),
    (tuple, lambda short, held, level: short.listed(tuple.__iter__(held), tuple.__len__(held), level, "()")),
    (dict, _dict),
    (set, _set),
    (frozenset, _frozenset),
    (deque, lambda short, held, level: short.listed(deque.__iter__(held), deque.__len__(held), level, "[]")),
    (defaultdict, _dict),
    (OrderedDict, _dict),
    (Counter, _dict),
    *((view, _view) for view in _VIEWS),
)
