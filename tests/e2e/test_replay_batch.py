"""`treadle replay --where`: every trace that fits, a verdict each, and counts at the end."""

import csv
import io
import json

import pytest

from e2e.commands import treadle
from e2e.conftest import Project
from e2e.weather_desk import DESK, MENDED, asked, record_desk

CITIES = ("Oslo", "Rome", "Bonn", "Oslo")
"""Two of them fail."""
FAILED = "failed and started_at > now() - interval 1 day"


@pytest.fixture
def desk(project: Project) -> Project:
    """Record the chain for four cities."""
    record_desk(project, *CITIES)
    return project


def rows_of(out: str) -> list[list[str]]:
    """Return the first three cells of each row of a table, without heading and counts."""
    return [line.split(maxsplit=3)[:3] for line in out.splitlines()[1:-1]]


def test_each_trace_has_a_line_and_all_are_counted(desk: Project) -> None:
    """A table with id, name, verdict, time and sentence; 1 while something fails, 0 when all is mended."""
    ids = [trace.trace_id[:8] for trace in desk.store.traces()]
    ran = treadle("replay", "--where", "chain")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.splitlines()[0].split() == ["trace", "name", "verdict", "took"]
    assert rows_of(ran.out) == [
        [ids[0], "chain", "still"], [ids[1], "chain", "same"], [ids[2], "chain", "same"], [ids[3], "chain", "still"],
    ]  # fmt: skip
    assert "it raised JSONDecodeError: Expecting value" in ran.out.splitlines()[1]
    assert sorted(ran.out.splitlines()[-1].removeprefix("4 traces: ").split(", ")) == ["2 same", "2 still failing"]
    desk.write(MENDED)
    mended = treadle("replay", "--where", FAILED, "--jobs", "2")
    assert mended.code == 0
    assert {row[0] for row in rows_of(mended.out)} == {ids[0], ids[3]}
    assert mended.out.splitlines()[-1] == "2 traces: 2 fixed"
    assert asked(desk) == []


def test_replays_are_no_members(desk: Project) -> None:
    """What earlier replays left behind is not replayed, though it fits the condition too."""
    treadle("replay", "last")
    assert sum(trace.replay_of is not None for trace in desk.store.traces()) == 1
    ran = treadle("replay", "--where", "duration_ms > 0", "--format", "ndjson")
    assert len(ran.out.splitlines()) == len(CITIES)


def test_rows_for_programs(desk: Project) -> None:
    """Json, ndjson and csv have the same rows, with the new trace of each and how long it took."""
    document = treadle("replay", "--where", "chain", "--format", "json").json
    lines = [json.loads(line) for line in treadle("replay", "--where", "chain", "--format", "ndjson").out.splitlines()]
    cells = list(csv.DictReader(io.StringIO(treadle("replay", "--where", "chain", "--format", "csv").out)))
    for rows in (document, lines, cells):
        assert [row["verdict"] for row in rows] == ["still failing", "same", "same", "still failing"]
        assert [row["name"] for row in rows] == ["chain"] * 4
    made = {trace.trace_id: trace.replay_of for trace in desk.store.traces()}
    assert [made[row["trace_id"]] for row in document] == [row["replay_of"] for row in document]
    assert all(row["elapsed_s"] > 0 and row["recorded_s"] > 0 for row in document)
    assert [row["exit_code"] for row in document] == [1, 0, 0, 1]


def test_what_cannot_be_replayed_is_a_verdict(desk: Project) -> None:
    """One that is gone does not end the batch; 1 where some could be replayed, 2 where none could."""
    desk.record(DESK.replace("def chain", "def other").replace(" chain(city)", " other(city)"), "Rome")
    desk.write(DESK)
    some = treadle("replay", "--where", "status = 'ok'")
    assert (some.code, some.out.splitlines()[-1]) == (1, "3 traces: 2 same, 1 not replayable")
    assert "the function other is gone" in some.out.splitlines()[1]
    desk.write(DESK.replace("chain(city)", "renamed(city)"))
    none = treadle("replay", "--where", "chain")
    assert (none.code, none.out.splitlines()[-1]) == (2, "4 traces: 4 not replayable")
    assert "the function chain is gone" in none.out.splitlines()[1]


def test_live_calls_make_a_changed_result_well(desk: Project) -> None:
    """Where the user makes it another run, changed is no failure: exit 0."""
    desk.write(MENDED)
    ran = treadle("replay", "--where", "chain", "--set", "generate", "prompt", "now dry", "--yes")
    assert ran.code == 0
    assert sorted(ran.out.splitlines()[-1].removeprefix("4 traces: ").split(", ")) == ["2 changed", "2 fixed"]
    assert asked(desk) == ["small: now dry"] * 4
