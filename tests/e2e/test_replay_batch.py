"""`treadle replay --where`: every trace that fits, a verdict each, counts at the end; stopped, it can be resumed."""

import csv
import io
import json
import signal
import subprocess
from pathlib import Path

import pytest

from e2e.commands import COMMAND, treadle
from e2e.conftest import Project
from e2e.terminal import Terminal, needs_tmux
from e2e.weather_desk import DESK, MENDED, asked, record_desk
from waiting import wait_until

CITIES = ("Oslo", "Rome", "Bonn", "Oslo")
"""Two of them fail."""
FAILED = "failed and started_at > now() - interval 1 day"
WAITING = MENDED.replace(
    "    notify(city)",
    """    open(f"begun-{os.getpid()}.tmp", "w").write(str(os.getpid()))
    os.rename(f"begun-{os.getpid()}.tmp", f"begun-{os.getpid()}")
    import time
    while not os.path.exists("go") and city != "Rome":
        time.sleep(0.01)
    notify(city)""",
)  # fmt: skip
"""All but Rome wait, from the moment that a file tells, until another file is there."""


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
    assert all(row["elapsed_s"] > row["recorded_s"] for row in document)
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


def begun(project: Project) -> list[Path]:
    """Return what the replayed programs wrote when they began to wait."""
    return [path for path in project.folder.glob("begun-*") if path.suffix != ".tmp"]


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie that waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc for processes")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str)
def test_stopped_it_goes_on_where_it_was(project: Project, store: Path, number: signal.Signals, code: int) -> None:
    """Ended in the middle its programs are gone, and the same command with --resume runs only what is left."""
    record_desk(project, "Bonn", "Kiev", "Rome", source=MENDED)  # the newest comes first
    project.write(WAITING)
    arguments = ("replay", "--where", "chain", "--jobs", "2", "--format", "ndjson")
    with subprocess.Popen((*COMMAND, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        wait_until(lambda: len(begun(project)) == 3, timeout_s=60, what="Rome done, and the others begun")
        pids = [int(path.read_text()) for path in begun(project)]
        command.send_signal(number)
        out, err = command.communicate(timeout=60)
    assert command.returncode == code
    assert not any(map(is_running, pids))
    first = [json.loads(line) for line in out.splitlines()]
    assert [one["verdict"] for one in first] == ["same"]
    assert "2 not done; the same command with --resume goes on with them" in err
    (project.folder / "go").touch()
    kept = list((store / "batches").iterdir())
    assert [oct(path.stat().st_mode & 0o777) for path in kept] == ["0o600"]
    with kept[0].open("a") as file:
        file.write('{"replay_of": "torn')
    resumed = treadle(*arguments, "--resume")
    rows = [json.loads(line) for line in resumed.out.splitlines()]
    assert (resumed.code, len(rows), rows[0]) == (0, 3, first[0])
    assert not (store / "batches").exists()
    again = treadle(*arguments, "--resume")
    assert "nothing to go on with" in again.err
    assert len(again.out.splitlines()) == 3


def test_another_batch_is_not_resumed(project: Project, store: Path) -> None:
    """Kept verdicts belong to a condition and its options; the same command without --resume begins anew."""
    record_desk(project, "Bonn", "Rome", source=MENDED)
    project.write(WAITING)
    arguments = ("replay", "--where", "chain", "--format", "ndjson")
    with subprocess.Popen((*COMMAND, *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        wait_until(lambda: len(begun(project)) == 2, timeout_s=60, what="Rome done, and Bonn begun")
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=60)
    (project.folder / "go").touch()
    kept = list((store / "batches").iterdir())
    other = treadle("replay", "--where", "chain", "--strict", "--resume", "--format", "ndjson")
    assert "nothing to go on with" in other.err
    assert list((store / "batches").iterdir()) == kept
    anew = treadle(*arguments)
    assert len({json.loads(line)["trace_id"] for line in anew.out.splitlines()}) == 2
    assert not (store / "batches").exists()


@needs_tmux
def test_a_bar_shows_what_is_left(project: Project) -> None:
    """On a terminal a bar stays at the foot while rows come above it, and is gone at the end."""
    record_desk(project, "Bonn", "Kiev", "Rome", source=MENDED)
    project.write(WAITING)
    with Terminal(*COMMAND, "replay", "--where", "chain", size=(80, 12), cwd=project.folder) as terminal:
        screen = terminal.shows("same", "1/3", "left").splitlines()
        assert screen[0].split() == ["trace", "name", "verdict", "took"]
        assert "same" in screen[1]
        assert "1/3" in screen[2]
        (project.folder / "go").touch()
        done = terminal.shows("3 traces: 3 same", without="/3").splitlines()
        assert terminal.exit_code() == 0
    assert [line.split()[2] for line in done[1:4]] == ["same"] * 3
    assert all(len(line) <= 80 for line in done)
