"""Programs with odd surroundings: names that are no text, processors that raise, streams without end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

import recorded
import treadle
from programs import LONGEST_RUN_S
from treadle import streams
from treadle.process import describe_process
from treadle.values.redact import Redactor


def test_names_that_are_no_text_are_recorded_escaped(store: Path, tmp_path: Path) -> None:
    """A folder, a service, a step: their odd bytes are shown, and every call is there."""
    folder = tmp_path / "d\udcff"
    folder.mkdir()
    (folder / "app.py").write_text(
        "import treadle\n@treadle.trace\ndef f(n): return n\nf(1)\nwith treadle.span('a\\udcffb'): f(2)\n"
    )
    command = [b"env", b"OTEL_SERVICE_NAME=caf\xe9", sys.executable.encode(), b"app.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=LONGEST_RUN_S, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [(call.name, call.status) for call in recorded.calls(store)] == [
        ("f", "ok"), ("a\\udcffb", "ok"), ("f", "ok"),
    ]  # fmt: skip
    process = next(record for record in recorded.records(store) if record["r"] == "process")
    assert process["service"] == "caf\\udce9"


def test_a_failure_with_names_that_are_no_text_is_recorded(store: Path, tmp_path: Path) -> None:
    """Of the folder, of the exception's class: their odd bytes are shown."""
    folder = tmp_path / "d\udcff"
    folder.mkdir()
    (folder / "failing.py").write_text(
        "import treadle\n@treadle.trace\ndef f(n): raise Odd(n)\nclass Odd(Exception): pass\n"
    )
    (folder / "app.py").write_text("import failing\nfailing.Odd.__qualname__ = 'o\\udcff'\nfailing.f(1)\n")
    subprocess.run([sys.executable, b"app.py"], cwd=folder, capture_output=True, timeout=LONGEST_RUN_S, check=False)
    (call,) = recorded.calls(store)
    assert call.end is not None
    error = call.end["error"]
    assert error["type"] == "failing.o\\udcff"
    assert [Path(frame["file"]).parent.name for frame in error["frames"]] == ["d\\udcff"]


def test_a_processor_that_raises_costs_only_its_span(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's function runs, and the step is recorded with ids of our own."""

    class Broken(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError("theirs")

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(Broken())
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)

    @treadle.trace
    def answer() -> int:
        return 1

    assert [answer(), answer()] == [1, 1]
    assert [call.status for call in recorded.calls(store)] == ["ok", "ok"]


def test_a_stream_without_end_keeps_only_its_beginning_in_memory(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every chunk is in the journal; the sum says how many of them it has."""
    monkeypatch.setattr(streams, "MOST_KEPT", 1_000)

    @treadle.trace
    def numbers() -> Any:
        for number in range(500):
            yield {"number": number, "padding": "x" * 90}

    assert len(list(numbers())) == 500
    call = recorded.only(store)
    assert [chunk["number"] for chunk in call.chunks] == list(range(500))
    assert call.end is not None
    assert (call.end["chunks"], call.end["out"]["$"], call.end["out"]["size"]) == (500, "cut", 500)
    assert 5 < len(call.end["out"]["v"]) < 20


@pytest.mark.parametrize("way", ["loose", "packed", "worktree"])
def test_the_commit_is_that_of_the_repository_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Whether its refs are packed, and in a worktree, never that of a repository around it."""

    def git(*arguments: str, cwd: Path) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        done = subprocess.run(["git", *identity, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    inner = tmp_path / "inner"
    inner.mkdir()
    for folder in (tmp_path, inner):
        git("init", cwd=folder)
        git("commit", "--allow-empty", "-m", folder.name, cwd=folder)
    if way == "packed":
        git("pack-refs", "--all", cwd=inner)
    if way == "worktree":
        git("worktree", "add", "-b", "other", str(inner / "beside"), cwd=inner)
        inner = inner / "beside"
    monkeypatch.chdir(inner)
    assert describe_process(Redactor())["git_commit"] == git("rev-parse", "HEAD", cwd=inner)
