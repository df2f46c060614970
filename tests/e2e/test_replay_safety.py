"""What a replay must never do: make a call for real because something else went wrong."""

import pytest

from e2e.conftest import Project

EFFECT = """
import os, resource, sys, treadle

@treadle.trace(kind="llm")
def ask(question):
    if os.path.exists("recorded"):
        os.mkdir("asked again")
    return question.upper()

@treadle.trace
def chain(question):
    if os.path.exists("full"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    return ask(question)

if __name__ == "__main__":
    chain("why?")
"""


def test_a_full_disk_lets_no_call_go_live(project: Project) -> None:
    """A call that cannot be decided about is not made."""
    trace_id = project.record(EFFECT)
    (project.folder / "recorded").touch()
    (project.folder / "full").touch()
    assert project.replay(trace_id).verdict == "crashed"
    assert not (project.folder / "asked again").exists()


def test_recording_switched_off_lets_no_call_go_live(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`TREADLE_DISABLED` is for recording: a replay that was asked for is done."""
    trace_id = project.record(EFFECT)
    (project.folder / "recorded").touch()
    monkeypatch.setenv("TREADLE_DISABLED", "1")
    result = project.replay(trace_id)
    assert (result.verdict, result.counts) == ("same", {"ran": 1, "served": 1})
    assert not (project.folder / "asked again").exists()
