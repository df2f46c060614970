"""A program is never changed: it runs the same with its decorators and without."""

from pathlib import Path

import pytest

import recorded
import twin

WHOLE = (
    "classes_of_all_sorts",
    "context_managers",
    "generator_protocol",
    "introspection",
    "lifetimes",
    "methods",
    "models_and_routes",
    "never_awaited",
    "odd_moments",
    "odd_names",
    "recursion",
    "stack_levels",
    "tracebacks",
)
AT_EXIT = ("", "early", "exit", "exit early", "del", "del early", "thread", "thread at exit", "code exit del thread")


@pytest.mark.parametrize("program", WHOLE)
def test_a_program_shows_the_same(program: str, store: Path, tmp_path: Path) -> None:
    """Output, errors, warnings and exit code are those of the undecorated program, and every call has ended once."""
    without, traced = twin.both(twin.PROGRAMS / f"{program}.py", cwd=tmp_path)
    assert traced == without
    assert without.output
    calls = recorded.calls(store)
    assert calls
    assert [call.name for call in calls if call.status == "running"] == []


@pytest.mark.parametrize("how", AT_EXIT)
def test_a_program_ends_the_same(how: str, store: Path, tmp_path: Path) -> None:
    """Traced calls in exit handlers, finalizers and threads that outlive the program leave its end as it is."""
    arguments = [how] if how == "thread at exit" else how.split()
    without, traced = twin.both(twin.PROGRAMS / "shutdown.py", *arguments, cwd=tmp_path)
    assert traced == without
    assert without.code == (3 if "code" in how else 0)


def test_what_a_program_calls_as_it_ends_is_recorded(store: Path, tmp_path: Path) -> None:
    """No record is lost: not of an exit handler that makes the first call, and not of a finalizer at the very end."""
    twin.both(twin.PROGRAMS / "shutdown.py", "exit", "early", "del", cwd=tmp_path)
    given = [call.given["number"] for call in recorded.calls(store) if call.name == "step"]
    assert sorted(given) == [0, 3, 4, 5]
    assert {call.status for call in recorded.calls(store)} == {"ok"}


def test_the_first_call_of_a_program_may_be_its_last(store: Path, tmp_path: Path) -> None:
    """In an exit handler no thread pool can be loaded any more: the call is recorded without."""
    twin.both(twin.PROGRAMS / "shutdown.py", "exit", cwd=tmp_path)
    assert recorded.only(store).output == 8
