"""Functions that no name finds are replayed alone: today's code, over what it was made over when the call began."""

import json

import pytest

import recorded
from e2e.alone import all_calls, said, said_of_each
from e2e.conftest import Project

CLOSURES = """
import treadle
from dataclasses import dataclass

@dataclass
class Order:
    count: int

def desk(order, style):
    asked = 0

    @treadle.trace(kind="llm")
    def generate(prompt):
        with open("asked.txt", "a") as log: log.write(prompt + "\\n")
        return style + prompt

    @treadle.trace
    def answer(question, *, times=order.count):
        nonlocal asked
        asked += 1
        return [generate(question) for _ in range(times)], asked

    @treadle.trace
    def factorial(number):
        return 1 if number < 2 else number * factorial(number - 1)

    return answer, factorial

def scaled(factor):
    return treadle.trace(lambda number: number * factor, name=f"by {factor}")

def lone():
    @treadle.trace
    def seven():
        return 7
    return seven

by_two, by_three = scaled(2), scaled(3)

if __name__ == "__main__":
    answer, factorial = desk(Order(2), "dear ")
    answer("Where?"), answer("When?", times=1), factorial(3), by_two(1), by_three(1), lone()()
"""


def test_closures_and_lambdas_are_called_again(project: Project) -> None:
    """Over what they held when the call began; the effects that they are made over are served."""
    project.record(CLOSURES)
    calls = [call for call in all_calls(project) if call.kind != "llm"]
    assert {call.name for call in calls} == {"answer", "factorial", "by 2", "by 3", "seven"}
    before = (project.folder / "asked.txt").read_text()
    assert {f"{call.name} {call.ordinal}": told for call in calls if (told := said(project, call)) != "same"} == {}
    assert (project.folder / "asked.txt").read_text() == before


def test_an_effect_made_inside_a_function_runs_only_where_it_is_allowed(project: Project) -> None:
    """Alone it would be a real call; one that may not be called again is known by what stands in its source."""
    project.record(CLOSURES.replace('kind="llm"', 'kind="tool", idempotent=False'))
    (effect, *_) = [call for call in all_calls(project) if call.name == "generate"]
    before = (project.folder / "asked.txt").read_text()
    assert "makes a real call" in said(project, effect, live=())
    assert (
        said(project, effect)
        == "diverged: generate#0 may not be called again without harm: allow it with --allow-effects"
    )
    assert (project.folder / "asked.txt").read_text() == before
    assert said(project, effect, with_effects=True) == "same"


EDITED = CLOSURES.replace("number * factor,", "number * factor + 1,")


def test_it_is_todays_code_that_runs(project: Project) -> None:
    """An edited lambda gives another result, and is told to be edited; defaults of new parameters hold."""
    project.record(CLOSURES)
    calls = {call.name: call for call in all_calls(project)}
    project.write(EDITED.replace("def seven():", "def seven(unit=1, *, sign=1):"))
    result = project.replay(calls["by 2"].trace_id, step_id=calls["by 2"].span_id)
    assert (result.verdict, [call.is_edited for call in result.calls]) == ("changed", [True]), result.sentence
    assert result.sentence == "it returned something else: 2 -> 3; edited since: by 2"
    assert said(project, calls["seven"]) == "same"


SEVERAL = """
import treadle
def make():
    return [
        treadle.trace(lambda n: n + 1, name="one"),
        treadle.trace(lambda n: n + 2, name="two"),
        treadle.trace(lambda n: n + 3, name="three"),
    ]
if __name__ == "__main__":
    for function in make():
        function(1)
"""


def test_several_lambdas_of_one_name_are_told_apart(project: Project) -> None:
    """The unchanged ones by their code, the others by their line; those of one line not at all, which is said."""
    project.record(SEVERAL)
    assert said_of_each(project) == {"one": "same", "two": "same", "three": "same"}
    project.write(SEVERAL.replace("n + 2", "n + 20").replace("n + 3", "n + 30"))
    assert said_of_each(project) == {
        "one": "same",
        "two": "changed: it returned something else: 3 -> 21; edited since: two",
        "three": "changed: it returned something else: 4 -> 31; edited since: three",
    }
    project.write(
        SEVERAL.replace("n + 2", "n + 20").replace(
            ",\n        treadle.trace(lambda n: n + 3", ", treadle.trace(lambda n: n + 30"
        )
    )
    told = said_of_each(project)
    assert told["one"] == "same"
    assert "it cannot be told which one was called" in told["two"]


HELD = """
import threading, treadle
def make(api_key, lock):
    @treadle.trace
    def secret(): return len(api_key)
    @treadle.trace
    def locked():
        with lock: return 1
    @treadle.trace(name="hidden")
    def covered(): return len(api_key)
    return secret, locked, covered
treadle.configure(hide_inputs=("hidden",))
if __name__ == "__main__":
    for function in make("swordfish-of-the-closure", threading.Lock()):
        function()
"""


def test_what_a_closure_holds_is_redacted_and_hidden_like_inputs(project: Project) -> None:
    """No secret of it is written; what was not recorded is named, with what to do."""
    project.record(HELD)
    starts = {record["name"]: record for record in recorded.records(project.store.path) if record["r"] == "start"}
    assert "swordfish" not in json.dumps(list(starts.values()))
    assert starts["hidden"]["cells"] == {"$": "hidden", "v": None}
    told = said_of_each(project)
    assert told["secret"] == (
        "NotReplayableError: secret cannot be called again: its variable api_key: a secret, which was not recorded; "
        "put the secret into an environment variable, and record it anew"
    )
    assert "its variable lock: _thread.lock has no encoder; teach the type with treadle.codec" in told["locked"]
    assert "its inputs are hidden" in told["hidden"]


def test_a_variable_that_is_ignored_is_not_recorded(project: Project) -> None:
    """As an argument: what is too large, say; the refusal names it."""
    project.record(
        "import treadle\ndef make(rows, step):\n    @treadle.trace(ignore=['rows'])\n"
        "    def count(): return len(rows) + step\n    return count\nif __name__ == '__main__':\n    make([1], 2)()\n"
    )
    (start,) = [record for record in recorded.records(project.store.path) if record["r"] == "start"]
    assert start["cells"] == {"step": 2}
    told = said(project, all_calls(project)[0])
    assert told.startswith("not replayable: make.<locals>.count uses 'rows' today, which was not recorded with it")


@pytest.mark.parametrize("payload", ["plain", "tagged"])
def test_cells_are_stored_byte_for_byte(project: Project, payload: str) -> None:
    """As they were signed: numbers, escapes and blobs too."""
    held = {"plain": "1e22, 'é\\u2028', 0.1", "tagged": "(1, {2}), b'weft' * 50_000, 'x' * 90_000"}[payload]
    project.record(
        f"import treadle\ndef make(held):\n    return treadle.trace(lambda: len(held), name='length')\n"
        f"if __name__ == '__main__':\n    make([{held}])()\n"
    )
    assert said_of_each(project) == {"length": "same"}
