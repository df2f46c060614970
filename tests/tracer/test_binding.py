"""Arguments under their parameters' names, as Python itself binds them."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.functions import Traced

KEYWORDS = st.sampled_from(["a", "b", "c", "bind", "list", "rest", "named", "other"])


def plain(a, b=2, *, c=3):
    """Take what most functions take."""


def by_place(a, b, /, bind=4, *rest):
    """Take some by position only."""


def anything(*list, **named):  # noqa: A002
    """Take whatever comes, under names that a binder might use itself."""


def everything(a, /, b, list=[], *rest, c, bind=None, **named):  # noqa: A002, B006
    """Take arguments of every kind."""


def nothing():
    """Take none."""


@pytest.mark.parametrize("function", [plain, by_place, anything, everything, nothing])
@given(args=st.lists(st.integers(), max_size=5), kwargs=st.dictionaries(KEYWORDS, st.integers(), max_size=4))
def test_arguments_are_bound_as_python_binds_them(
    function: Callable[..., Any], args: list[int], kwargs: dict[str, int]
) -> None:
    """With defaults, in the order of the signature; what the function would not take is kept as it was given."""
    traced = Traced(function)
    try:
        expected = inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        assert not traced.fits(tuple(args), kwargs)
        assert traced.bind(tuple(args), kwargs) == {"args": args, "kwargs": kwargs}
        return
    expected.apply_defaults()
    held = {name: list(value) if type(value) is tuple else value for name, value in expected.arguments.items()}
    if not held.get("named"):
        held.pop("named", None)
    assert traced.fits(tuple(args), kwargs)
    assert list(traced.bind(tuple(args), kwargs).items()) == list(held.items())


def test_ignored_arguments_are_left_out() -> None:
    """Of every kind, wherever they stand."""
    traced = Traced(everything, ignore=["a", "rest", "c", "named"])
    assert traced.bind((1, 2, 3, 4), {"c": 5, "other": 6}) == {"b": 2, "list": 3, "bind": None}


def test_a_parameter_that_python_could_not_name_leaves_the_call_as_it_was_given() -> None:
    """Functions in C have them, and frameworks make such signatures."""

    def odd(value: int) -> int:
        return value

    parameter = inspect.Parameter("from", inspect.Parameter.POSITIONAL_ONLY)
    odd.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    assert Traced(odd).bind((1,), {}) == {"args": [1], "kwargs": {}}
