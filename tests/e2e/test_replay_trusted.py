"""`--trust` believes what was given and answered; it starts and loads nothing that is not the project's."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from e2e.alone import said
from e2e.conftest import Project

PROGRAM = """
import treadle

class Odd:
    def __reduce__(self): return exec, ("open('reduced', 'w')",)

def made():
    def untraced(value): return open("ran", "w")
    @treadle.trace
    def traced(value): return str(value)[:0]
    return untraced, traced

@treadle.trace
def chain(value):
    return str(value)[:0]

if __name__ == "__main__":
    chain("why")
"""


def forge(project: Project, **columns: Any) -> None:
    """Change the one call, as somebody could who can write to the store."""
    project.forget_store()
    with duckdb.connect(str(project.store_path / "treadle.duckdb")) as database:
        for name, value in columns.items():
            database.execute(f"update finished set {name} = ?, not_replayable_why = null", [value])


def told_of(project: Project, trace_id: str, **columns: Any) -> str:
    """Forge the call, and replay it with `--trust`."""
    forge(project, **columns)
    (call,) = project.store.recording(trace_id).calls
    assert "look at it, then replay with --trust" in said(project, call)
    return said(project, call, trust=True)


@pytest.mark.parametrize("function", ["os:system", "builtins:eval", "subprocess:run", "shutil:rmtree", "pickle:loads"])
def test_nothing_of_pythons_own_is_run(project: Project, function: str) -> None:
    """Whatever a record names."""
    recorded = project.record(PROGRAM)
    module = function.partition(":")[0]
    assert told_of(project, recorded, code_function=function, input=json.dumps({"command": "touch ran"})) == (
        f"refused: {module} is a module of Python's own, none of the project's: nothing of it is run"
        + ("; give what was traced with it a name in a module of yours" if module == "builtins" else "")
    )
    assert not (project.folder / "ran").exists()


INSTALLED = {
    "httpx:get": "is not a traced function today",
    "httpx:Client.<locals>.x": "is not in the project's own source",
    "__main__:Odd": "is not a traced function today",
    "__main__:Odd.__reduce__": "is not a traced function today",
    "__main__:chain.__globals__": "is not a traced function today",
    "__main__:chain.<locals>.inner": "is no longer in",
    "__main__:made.<locals>.untraced": "is not seen to be traced",
}


@pytest.mark.parametrize(("function", "why"), INSTALLED.items(), ids=INSTALLED.keys())
def test_only_what_is_traced_today_or_nested_in_the_project_is_run(project: Project, function: str, why: str) -> None:
    """A function of a library, one of the project's that is not traced, one that there is not."""
    recorded = project.record(PROGRAM)
    told = told_of(project, recorded, code_function=function)
    assert told.startswith(("refused: ", "not replayable: ")), told
    assert why in told
    assert not (project.folder / "ran").exists()


def test_a_nested_function_that_is_seen_to_be_traced_is_run(project: Project) -> None:
    """In today's source of the project."""
    recorded = project.record(PROGRAM)
    assert told_of(project, recorded, code_function="__main__:made.<locals>.traced") == "same"


OBJECT = {"$": "object", "type": "program:Odd", "v": {}}
VALUES = {
    "a pickle": ({"$": "pickle", "v": "gASVJgAAAA==", "python": "3.11", "type": "x:Odd"}, "is not signed by this user"),
    "a function that runs": ({"$": "function", "v": "os:system"}, "not imported for a recording|not a function of the"),
    "eval": ({"$": "function", "v": "builtins:eval"}, "is not a function of the project"),
    "a partial of one": (
        {"$": "partial", "v": {"$": "function", "v": "builtins:exec"}, "args": ["1"], "keywords": {}},
        "is not a function of the project",
    ),
    "an object that runs": (
        {"$": "object", "type": "subprocess:Popen", "v": {"args": "touch ran"}},
        "is neither the project's nor trusted",
    ),
    "a module that runs when it is imported": ({"$": "type", "v": "danger:Thing"}, "not this user's own"),
    "a module as a class": ({"$": "object", "type": "danger:Thing", "v": {}}, "not this user's own"),
}


@pytest.mark.parametrize(("value", "why"), VALUES.values(), ids=VALUES.keys())
def test_no_recorded_value_runs_anything(project: Project, value: dict[str, Any], why: str) -> None:
    """Nor has a module imported that the program itself does not import."""
    import re

    (project.folder / "danger.py").write_text("open('ran', 'w')\nclass Thing: pass\n")
    recorded = project.record(PROGRAM)
    told = told_of(project, recorded, input_tagged=json.dumps({"value": value}))
    assert told.startswith("not replayable: "), told
    assert re.search(why, told), told
    assert not list(Path(project.folder).glob("ran"))


def test_an_object_whose_class_would_be_pickled_by_code_is_built_without_it(project: Project) -> None:
    """`__reduce__` is never called, neither when it is recorded nor when it is revived."""
    recorded = project.record(PROGRAM)
    assert told_of(project, recorded, input_tagged=json.dumps({"value": {**OBJECT, "type": "__main__:Odd"}})) == "same"
    assert not (project.folder / "reduced").exists()


def test_the_python_that_an_unsigned_record_names_is_not_started(project: Project) -> None:
    """It may be any program: the one that asks is used instead."""
    recorded = project.record(PROGRAM)
    stranger = project.folder / "stranger"
    stranger.write_text("#!/bin/sh\ntouch ran\n")
    stranger.chmod(0o755)
    project.forget_store()
    with duckdb.connect(str(project.store_path / "treadle.duckdb")) as database:
        database.execute("update process_rows set executable = ?", [str(stranger)])
    assert project.replay(recorded, trust=True).verdict == "same"
    assert not (project.folder / "ran").exists()
