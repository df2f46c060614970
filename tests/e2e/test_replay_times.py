"""`treadle replay --times`: the same replay again and again, and how often it failed."""

import csv
import io
import signal
import subprocess

import pytest

from e2e.commands import COMMAND, complaint, treadle
from e2e.conftest import Project
from e2e.weather_desk import DESK, MENDED, asked, record_desk
from waiting import wait_until

EVERY_OTHER = MENDED.replace(
    '    asked(f"{model}: {prompt}")',
    '    asked("once more")\n    if len(open("asked.txt").readlines()) % 2: raise ConnectionError("flaky")',
)
"""Of the live calls the first fails, the second does not, and so on."""


@pytest.fixture
def flaky(project: Project) -> str:
    """Record a chain that returns, and write one whose model fails every other time."""
    trace_id = record_desk(project, "Rome", source=MENDED)
    project.write(EVERY_OTHER)
    return trace_id


def test_it_is_counted_how_often_it_fails(project: Project, flaky: str) -> None:
    """One line each as they end, with the new trace; then how many failed; exit 1 where any did."""
    ran = treadle("replay", flaky, "--live", "generate", "--times", "4", "--yes")
    lines = ran.out.splitlines()
    assert (ran.code, ran.err, len(lines)) == (1, "", 6)
    assert [line.split()[0] for line in lines[1:5]] == ["1/4", "2/4", "3/4", "4/4"]
    assert ["regressed" in line for line in lines[1:5]] == [True, False, True, False]
    assert "it raised ConnectionError: flaky; it had returned" in lines[1]
    assert lines[5].startswith("2 of 4 failed, ")
    made = {trace.trace_id[:8] for trace in project.store.traces() if trace.replay_of == flaky}
    assert {line.split()[1] for line in lines[1:5]} == made
    assert len(asked(project)) == 4


def test_all_of_it_is_there_for_programs(flaky: str) -> None:
    """`--format json` has the counts, the means and each replay in full; csv has a row each."""
    told = treadle("replay", flaky, "--live", "generate", "--times", "2", "--yes", "--format", "json")
    assert told.code == 1
    document = told.json
    assert (document["replay_of"], document["times"], document["failed"]) == (flaky, 2, 1)
    assert document["mean_s"] == pytest.approx(sum(one["elapsed_s"] for one in document["replays"]) / 2)
    assert document["mean_cost_usd"] is None
    assert [(one["verdict"], one["counts"]["live"]) for one in document["replays"]] == [("regressed", 1), ("same", 1)]
    rows = treadle("replay", flaky, "--live", "generate", "--times", "2", "--yes", "--format", "csv")
    assert [row["verdict"] for row in csv.DictReader(io.StringIO(rows.out))] == ["regressed", "same"]


def test_all_well_ends_with_nought(project: Project) -> None:
    """Exit 0 where none failed, and nothing of what the program prints is among the lines."""
    trace_id = record_desk(project, "Rome", source=DESK.replace("return json", 'print("parsing"); return json'))
    ran = treadle("replay", trace_id, "--times", "2")
    assert (ran.code, "parsing" in ran.out) == (0, False)
    assert ran.out.splitlines()[-1].startswith("0 of 2 failed, ")


def test_what_cannot_be_replayed_is_not_tried_again(project: Project) -> None:
    """A function that is gone is gone each time: one line, exit 2. What is refused before it runs is one complaint."""
    trace_id = record_desk(project, "Rome")
    project.write(DESK.replace("def chain(city)", "def renamed(city)").replace("chain(city)", "renamed(city)"))
    ran = treadle("replay", trace_id, "--times", "3")
    assert (ran.code, len(ran.out.splitlines())) == (2, 3)
    assert "the function chain is gone" in ran.out
    project.program.unlink()
    project.folder.joinpath("asked.txt").unlink(missing_ok=True)
    project.folder.rmdir()
    assert "is gone" in complaint(treadle("replay", trace_id, "--times", "3"))


def test_ctrl_c_ends_the_running_one_and_tells_the_rest(project: Project) -> None:
    """The replays that were done stay told, and the exit code is that of Ctrl-C."""
    trace_id = record_desk(project, "Rome")
    project.write(DESK.replace(
        "    report = look_up(city)",
        '    report = look_up(city)\n    asked("begun")\n'
        '    if len(open("asked.txt").readlines()) == 2: import time; time.sleep(600)',
    ))  # fmt: skip
    with subprocess.Popen(
        (*COMMAND, "replay", trace_id, "--times", "5"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as command:
        wait_until(lambda: len(asked(project)) == 2, timeout_s=60, what="the second replay")
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=60)
    assert (command.returncode, err) == (130, "stopped: 1 of 5 are done\n")
    assert out.splitlines()[-1].startswith("0 of 1 failed")
