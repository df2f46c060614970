"""What the decorator is told: checked when the program loads, kept with the function, and in the recording."""

import functools
import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from treadle.errors import UsageError


def answer(question: str, client: Any = None) -> str:
    """Answer."""
    return question


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"kind": "lmm"}, "kind 'lmm' is not known; use one of chain"),
        ({"kind": ["llm"]}, "is not known"),
        ({"name": ""}, "name '' is no name"),
        ({"name": 3}, "name 3 is no name"),
        ({"ignore": "client"}, r"give a list of names: ignore=\["),
        ({"ignore": [3]}, "holds what is no name"),
        ({"ignore": ["clinet"]}, "ignore names 'clinet', which is no parameter of answer"),
    ],
)
def test_a_wrong_option_is_refused_when_the_program_loads(options: dict[str, Any], told: str) -> None:
    """Not when a call comes; the message says what would be right."""
    with pytest.raises(UsageError, match=told):
        treadle.trace(**options)(answer)


def test_any_name_can_be_ignored_where_any_is_taken(store: Path) -> None:
    """A function that takes any keyword may be given the ignored one."""

    @treadle.trace(ignore=["client"])
    def call(**more: Any) -> int:
        return len(more)

    assert call(client=object(), other=1) == 2
    assert recorded.only(store).status == "ok"


class Plain:
    """Has nothing that could be traced."""

    _hidden = len


@pytest.mark.parametrize("thing", [3, Plain, property(), functools.singledispatchmethod(answer)])
def test_what_cannot_be_traced_is_refused(thing: Any) -> None:
    """A thing that is not called, or a class without public methods, is a mistake that is told at once."""
    with pytest.raises(UsageError, match="traced"):
        treadle.trace(thing)


def test_what_may_be_pickled_or_called_again_is_known_of_the_function(store: Path) -> None:
    """The function record says that it may not be called again, and nothing where it may."""
    careful = treadle.trace(pickle=True, idempotent=False)(answer)
    plain = treadle.trace(answer)
    careful("a")
    plain("a")
    assert (careful.__treadle__.pickle, careful.__treadle__.idempotent) == (True, False)  # type: ignore[attr-defined]
    assert (plain.__treadle__.pickle, plain.__treadle__.idempotent) == (False, True)  # type: ignore[attr-defined]
    functions = [record for record in recorded.records(store) if record["r"] == "function"]
    assert [function.get("idempotent") for function in functions] == [False, None]


def traced_twice() -> list[tuple[Callable[..., Any], str, str]]:
    """Return functions that are traced twice, with the name and the kind that must hold."""
    inner = treadle.trace(name="inner", kind="tool")
    return [
        (treadle.trace(treadle.trace(answer)), "answer", "chain"),
        (treadle.trace(inner(answer)), "inner", "tool"),
        (treadle.trace(name="outer")(inner(answer)), "outer", "tool"),
        (treadle.trace(kind="llm")(inner(answer)), "inner", "llm"),
        (treadle.trace(kind="llm")(inner(functools.partial(answer))), "inner", "llm"),
    ]


@pytest.mark.parametrize("at", range(5))
def test_a_function_that_is_traced_twice_makes_one_step(at: int, store: Path) -> None:
    """What was said last holds, and what only the first one said."""
    function, name, kind = traced_twice()[at]
    assert function("q") == "q"
    call = recorded.only(store)
    assert (call.name, call.start["kind"]) == (name, kind)


def test_what_another_decorator_put_around_a_traced_function_is_a_step_too(store: Path) -> None:
    """It carries the inner one's attributes, and is none the less another function."""

    @functools.wraps(inner := treadle.trace(answer))
    def around(question: str) -> str:
        return inner(question) + "!"

    assert treadle.trace(name="around")(around)("q") == "q!"
    (root,) = recorded.roots(store)
    assert root.tree == ["around", ["answer"]]


@treadle.trace(kind="agent", ignore=["client"])
class Agent:
    """Has methods that are traced, and one that says so itself."""

    def ask(self, question: str, client: Any = None) -> str:
        """Ask."""
        return self._hidden(question) + self.look_up(question)

    @treadle.trace(name="search", kind="tool")
    def look_up(self, question: str) -> str:
        """Look up."""
        return question

    @staticmethod
    def shout(text: str) -> str:
        """Shout."""
        return text.upper()

    @classmethod
    def make(cls) -> "Agent":
        """Make one."""
        return cls()

    def __call__(self) -> str:
        """Be called."""
        return "called"

    def _hidden(self, question: str) -> str:
        return question


def test_the_public_methods_of_a_class_are_steps(store: Path) -> None:
    """Named by class and method, of the kind that was given; a method that was traced itself keeps what it said."""
    agent = Agent.make()
    assert (agent.ask("q", client=object()), agent(), Agent.shout("a")) == ("qq", "called", "A")
    roots = recorded.roots(store)
    assert [root.tree for root in roots] == [
        ["Agent.make"],
        ["Agent.ask", ["search"]],
        ["Agent.__call__"],
        ["Agent.shout"],
    ]
    assert [root.start["kind"] for root in roots] == ["agent"] * 4
    assert roots[1].children[0].start["kind"] == "tool"
    assert "client" not in roots[1].given


def test_a_class_is_asked_which_argument_it_ignores() -> None:
    """A name that no method has is a mistake."""
    with pytest.raises(UsageError, match=r"no parameter of any method of .*Asked"):

        @treadle.trace(ignore=["clinet"])
        class Asked:
            def ask(self, client: Any) -> None:
                """Ask."""


@pytest.mark.parametrize("forgotten", [lambda: lambda: "q", lambda: functools.partial(answer, "q")])
def test_a_decorated_function_can_be_forgotten(forgotten: Callable[[], Any], store: Path) -> None:
    """Nothing of the recorder keeps what a program made and dropped."""

    def make() -> "weakref.ref[Any]":
        function = forgotten()
        assert treadle.trace(function)() == "q"
        return weakref.ref(function)

    reference = make()
    gc.collect()
    assert reference() is None
