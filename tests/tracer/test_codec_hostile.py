"""Whatever a value is or does, it is written, bounded, says what is missing, and nothing of its own is called."""

import io
import json
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from codec_types import Order, Plain

from treadle.values import encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()
CALLED: list[str] = []


class Touchy:
    """Notes whatever of its own is called."""

    def __init__(self) -> None:
        object.__setattr__(self, "held", 1)

    def __getattribute__(self, name: str) -> Any:
        CALLED.append(name)
        raise RuntimeError(name)

    def __called(self, *_: Any) -> Any:
        CALLED.append("a method")
        raise RuntimeError

    @property
    def effect(self) -> None:
        """Have an effect."""
        CALLED.append("effect")

    __class__ = property(__called)
    __eq__ = __hash__ = __iter__ = __len__ = __bool__ = __str__ = __repr__ = __reduce_ex__ = __called


class TouchyList(list[int]):
    """Lies about its length, and notes that it was looked through."""

    def __len__(self) -> int:
        CALLED.append("len")
        return 10**9

    def __iter__(self) -> Iterator[int]:
        CALLED.append("iter")
        raise RuntimeError("no iteration")


class TouchyDict(dict[str, int]):
    """Notes that its items were asked for."""

    def items(self) -> Any:
        """Raise."""
        CALLED.append("items")
        raise RuntimeError("no items")

    keys = values = __iter__ = items


class Wordless(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Loud(type):
    """A metaclass that raises whatever its classes are asked."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(name)

    def __hash__(cls) -> int:
        raise RuntimeError("no hash")

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("no comparison")


class OfLoud(metaclass=Loud):
    """An instance of it may be anything."""


class Pretender:
    """Says that it is a dataclass."""

    __class__ = Order


class OddSlots:
    """Has slots given by an iterator, one of them never set, and one in a dict."""

    __slots__ = iter(["left", "unset", "__dict__"])

    def __init__(self) -> None:
        self.left = 1
        self.more = 2


@pytest.mark.parametrize("make", [Touchy, lambda: TouchyList([1]), lambda: TouchyDict(a=1)])
def test_nothing_of_a_value_is_called(make: Callable[[], Any]) -> None:
    """No property, no operator, no length: what it holds is read where Python keeps it."""
    value = make()
    CALLED.clear()
    encoded = encode({"value": [value]}, REDACTOR)
    assert CALLED == []
    assert encoded.why is None
    assert b"1" in encoded.payload


def test_what_a_value_says_of_itself_does_not_count() -> None:
    """A proxy is what it is, not what it stands for."""
    assert json.loads(encode(Pretender(), REDACTOR).payload) == {
        "$": "object",
        "type": "test_codec_hostile:Pretender",
        "v": {},
    }


def test_fields_are_found_wherever_slots_are_told() -> None:
    """Slots by an iterator, one that is not set, and a dict beside them."""
    assert json.loads(encode(OddSlots(), REDACTOR).payload)["v"] == {"left": 1, "more": 2}


@pytest.mark.parametrize("make", [lambda: iter([1, 2]), lambda: (n for n in (1, 2)), lambda: map(str, (1, 2))])
def test_iterators_are_not_used_up(make: Callable[[], Iterator[Any]]) -> None:
    """The program still gets everything from them."""
    stream = make()
    assert encode([stream], REDACTOR).why is not None
    assert len(list(stream)) == 2


def test_files_are_not_read(tmp_path: Path) -> None:
    """Where the program is in a file, it stays."""
    path = tmp_path / "text"
    path.write_text("some words")
    with path.open() as file:
        assert encode([file, io.StringIO("x"), io.BytesIO(b"x")], REDACTOR).why is not None
        assert file.read() == "some words"


def loops() -> dict[str, Any]:
    """Return a cycle through each kind of container."""
    in_list: list[Any] = []
    in_list.append((in_list,))
    in_dict: dict[Any, Any] = {}
    in_dict[1] = in_dict
    in_deque: deque[Any] = deque()
    in_deque.append(in_deque)
    in_object, in_namespace, in_array = Plain("loop"), SimpleNamespace(), np.empty(1, object)
    in_object.others.append(in_object)
    in_namespace.itself = in_namespace
    in_array[0] = in_array
    error = ValueError()
    error.args = (error,)
    order = Order(1)
    order.lines.append(order)
    return {"list": in_list, "dict": in_dict, "deque": in_deque, "object": in_object, "namespace": in_namespace,
            "array": in_array, "exception": error, "dataclass": order}  # fmt: skip


@pytest.mark.parametrize("name", loops())
def test_a_cycle_is_cut_where_it_closes(name: str) -> None:
    """Through any container: once around, and the reason says so."""
    encoded = encode({"value": loops()[name]}, REDACTOR)
    assert encoded.payload.count(b'"cut"') == 1
    assert "a cycle" in (encoded.why or "")


def released() -> memoryview:
    """Return a view of nothing any more."""
    view = memoryview(b"x")
    view.release()
    return view


ODD: dict[str, Callable[[], Any]] = {
    "a class of a loud metaclass": lambda: OfLoud,
    "an instance of it": lambda: object.__new__(OfLoud),
    "a weak reference": lambda: weakref.ref(Touchy),
    "a weak proxy": lambda: weakref.proxy(Wordless),
    "a module": lambda: json,
    "a lock": threading.Lock,
    "a method of a list": lambda: [].append,
    "a code object": lambda: released.__code__,
    "object": object,
    "a released view": released,
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_shown_and_never_raises(name: str) -> None:
    """Classes that raise, references, modules, bound methods of built-in values: each is told, by itself."""
    encoded = encode({"value": [ODD[name](), "beside"]}, REDACTOR)
    assert json.loads(plain(encoded.payload))["value"][1] == "beside"
    assert encoded.why is not None or name in ("a class of a loud metaclass", "an instance of it")


def test_an_error_without_words_keeps_its_arguments() -> None:
    """What cannot be shown can still be raised again."""
    encoded = encode(Wordless("told"), REDACTOR)
    assert json.loads(plain(encoded.payload))["message"] == "(its text could not be read: builtins:RuntimeError)"
    assert revive(encoded.payload).args == ("told",)


def test_a_class_of_an_unknown_module_is_named_all_the_same() -> None:
    """Whatever stands where its module should."""
    odd = type("Odd", (), {"__module__": 3})
    assert json.loads(encode(odd(), REDACTOR).payload)["type"] == "?:Odd"


class Kept(io.BytesIO):
    """Holds something where nobody can see it."""


def test_what_c_code_holds_is_not_taken_for_fields() -> None:
    """A class of the project that inherits from one of C has more than its fields."""
    assert encode(Kept(b"held"), REDACTOR).why == "test_codec_hostile.Kept has no encoder"
