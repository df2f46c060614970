"""The commands that look after a store: tail, stats, prune, rebuild."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.commands import COMMAND, complaint, treadle
from owners import end_owner
from storage.filled import write_person, write_program, write_trace
from storage.journals import JournalWriter, trace_id
from treadle.errors import StoreError
from treadle_storage.election import elect
from treadle_storage.place import place_of
from treadle_storage.rewriting import sole_owner


@pytest.fixture
def filled(place: Path) -> Iterator[Path]:
    """Return a store with eight traces, one of them bookmarked."""
    for number in (1, 2):
        write_program(place, number, traces=range(10 * number, 10 * number + 4))
    write_person(place, 9, trace=11, bookmark=True)
    yield place
    end_owner(place)


def test_prune_says_what_would_go_and_asks(filled: Path) -> None:
    """Without a terminal it does nothing before it is told to; a dry run does nothing at all."""
    dry = treadle("prune", "--older-than", "1d", "--dry-run")
    assert (dry.code, dry.out) == (0, "")
    assert "1 trace stays: running, bookmarked, or kept by --keep" in dry.err
    assert "7 traces with 21 steps" in dry.err
    refused = treadle("prune", "--older-than", "1d")
    assert (refused.code, refused.err.splitlines()[-1]) == (
        2, "treadle: they cannot be brought back (add --yes to remove them, or --dry-run to only look)",
    )  # fmt: skip
    kept = treadle("prune", "--older-than", "1d", "--keep", f"trace_id = '{trace_id(20)}'", "--yes")
    assert (kept.code, kept.out.split(":")[0]) == (
        0, "6 traces, 2 journal files and 0 large values removed",
    )  # fmt: skip
    left = [trace["trace_id"] for trace in treadle("traces", "--format", "json").json]
    assert sorted(left) == sorted([trace_id(11), trace_id(20)])
    assert treadle("prune", "--older-than", "1d", "--keep", "answer").err.endswith("nothing to remove\n")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ((), "say what goes: --older-than 30d, --max-size 5GB, or both"),
        (("--older-than", "soon"), "invalid value for '--older-than': 'soon' is not a length of time"),
        (("--max-size", "much"), "invalid value for '--max-size': 'much' is not a size"),
        (("--older-than", "1d", "--keep", "no such ("), "cannot read"),
    ],
)
def test_a_rule_that_is_none_is_one_line(filled: Path, typed: tuple[str, ...], said: str) -> None:
    """Exit 2, what is wrong, and nothing removed."""
    assert said in complaint(treadle("prune", *typed))


def test_rebuild_says_what_came_of_it(filled: Path) -> None:
    """For people and for programs; exit 0 where nothing is lost."""
    ran = treadle("rebuild", "--format", "json")
    assert (ran.code, ran.json["read_again"], ran.json["taken_over"], ran.json["rejected"]) == (0, 3, 0, 0)
    assert ran.json["after"] == {"spans": 24, "traces": 8, "events": 16, "scores": 9}
    told = treadle("rebuild")
    assert (told.code, told.err) == (0, "")
    assert "from their journals: 3" in told.out


def test_stats_are_the_store_in_numbers(filled: Path) -> None:
    """Sizes, days, models and steps."""
    found = treadle("stats", "--format", "json").json
    assert (found["traces"], found["steps_total"], found["running"]) == (8, 24, 0)
    assert [(step["name"], step["calls"], step["errors"]) for step in found["steps"]] == [
        ("answer", 8, 8), ("ask", 8, 0), ("hang", 8, 0),
    ]  # fmt: skip
    assert (found["days"][0]["traces"], found["days"][0]["failed"]) == (8, 8)
    table = treadle("stats").out
    assert "traces 8, steps 24, of them running 0" in table
    assert "day         traces  failed  steps" in table


def test_tail_prints_steps_as_they_end(filled: Path) -> None:
    """The last that were there, then each as it ends; a condition chooses; as JSON for programs."""
    first = treadle("tail", "ask", "--lines", "2", "--stop-after", "2")
    assert [line.split()[-2:] for line in first.out.splitlines()] == [["ask", "2.00ms"]] * 2
    with subprocess.Popen(
        [*COMMAND, "tail", "status = 'error'", "--lines", "1", "--stop-after", "2", "--format", "ndjson"],
        stdout=subprocess.PIPE, text=True,
    ) as following:  # fmt: skip
        assert following.stdout is not None
        assert json.loads(following.stdout.readline())["name"] == "answer"
        with JournalWriter(filled, process="00000000000000ee") as writer:
            write_trace(writer, 50)
            row = json.loads(following.stdout.readline())
        assert following.wait(30) == 0
    assert (row["trace_id"], row["name"], row["status"], row["error_type"]) == (
        trace_id(50), "answer", "error", "ValueError",
    )  # fmt: skip
    assert "cannot read" in complaint(treadle("tail", "no such ("))


def test_who_has_the_store_to_itself_is_named(place: Path) -> None:
    """Whoever wants to open it meanwhile hears what is done, and afterwards it is there again."""
    with sole_owner(place_of(place), to="rebuild the index"), pytest.raises(StoreError, match="to rebuild the index"):
        elect(place_of(place), patience_s=0)
    assert treadle("traces").code == 0
