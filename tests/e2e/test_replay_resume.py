"""A batch of replays that is stopped, what is kept of it, and how it goes on; and the bar that shows how far it is."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from e2e.commands import COMMAND, Ran, treadle
from e2e.conftest import Project
from e2e.terminal import Terminal, needs_tmux
from e2e.weather_desk import MENDED, record_desk
from waiting import wait_until

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
BATCH = ("replay", "--where", "chain", "--jobs", "2")


@pytest.fixture
def waiting(project: Project) -> Project:
    """Record the chain for three cities, Rome the newest and so the first; all but it are going to wait."""
    record_desk(project, "Bonn", "Kiev", "Rome", source=MENDED)
    project.write(WAITING)
    return project


def begun(project: Project) -> list[Path]:
    """Return what the replayed programs wrote when they began to wait."""
    return [path for path in project.folder.glob("begun-*") if path.suffix != ".tmp"]


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie that waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def stopped(project: Project, number: signal.Signals = signal.SIGINT) -> Ran:
    """Stop a batch where Rome is done and the others wait; let the next ones go."""
    arguments = (*COMMAND, *BATCH, "--format", "ndjson")
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        wait_until(lambda: len(begun(project)) == 3, timeout_s=60, what="Rome done, and the others begun")
        command.send_signal(number)
        out, err = command.communicate(timeout=60)
    (project.folder / "go").touch()
    return Ran(command.returncode, out, err)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc for processes")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=str)
def test_stopped_it_goes_on_where_it_was(waiting: Project, store: Path, number: signal.Signals, code: int) -> None:
    """Ended in the middle its programs are gone, and the same command with --resume runs only what is left."""
    ran = stopped(waiting, number)
    assert ran.code == code
    assert not any(is_running(int(path.read_text())) for path in begun(waiting))
    first = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["verdict"] for one in first] == ["same"]
    assert "2 not done; the same command with --resume goes on with them" in ran.err
    kept = list((store / "batches").iterdir())
    assert [oct(path.stat().st_mode & 0o777) for path in kept] == ["0o600"]
    with kept[0].open("a") as file:
        file.write('{"replay_of": "torn')
    resumed = treadle(*BATCH, "--resume", "--format", "ndjson")
    rows = [json.loads(line) for line in resumed.out.splitlines()]
    assert (resumed.code, len(rows), rows[0]) == (0, 3, first[0])
    assert not (store / "batches").exists()
    again = treadle(*BATCH, "--resume", "--format", "ndjson")
    assert "nothing to go on with" in again.err
    assert len(again.out.splitlines()) == 3


def test_another_batch_is_not_resumed(waiting: Project, store: Path) -> None:
    """Kept verdicts belong to a condition and its options; the same command without --resume begins anew."""
    ran = stopped(waiting)
    kept = list((store / "batches").iterdir())
    other = treadle(*BATCH, "--strict", "--resume", "--format", "ndjson")
    assert "nothing to go on with" in other.err
    assert list((store / "batches").iterdir()) == kept
    anew = treadle(*BATCH, "--format", "ndjson")
    made = {json.loads(line)["trace_id"] for line in anew.out.splitlines()}
    assert len(made) == 3
    assert json.loads(ran.out)["trace_id"] not in made
    assert not (store / "batches").exists()


@needs_tmux
def test_a_bar_shows_what_is_left(waiting: Project) -> None:
    """On a terminal a bar stays at the foot while rows come above it, and is gone at the end."""
    with Terminal(*COMMAND, *BATCH, size=(80, 12), cwd=waiting.folder) as terminal:
        screen = terminal.shows("same", "1/3", "left").splitlines()
        assert screen[0].split() == ["trace", "name", "verdict", "took"]
        assert "it returned what was recorded" in screen[1]
        assert "1/3" in screen[2]
        (waiting.folder / "go").touch()
        done = terminal.shows("3 traces: 3 same", without="/3").splitlines()
        assert terminal.exit_code() == 0
    assert [line.split()[2] for line in done[1:4]] == ["same"] * 3


@needs_tmux
def test_what_was_done_before_stands_above_the_bar(waiting: Project) -> None:
    """Resumed on a terminal, the heading and the verdicts that were kept come first, then the others."""
    stopped(waiting)
    (waiting.folder / "go").unlink()
    with Terminal(*COMMAND, *BATCH, "--resume", size=(60, 12), cwd=waiting.folder) as terminal:
        screen = terminal.shows("same", "0/2").splitlines()
        assert screen[0].split() == ["trace", "name", "verdict", "took"]
        assert "same" in screen[1]
        assert "0/2" in screen[2]
        (waiting.folder / "go").touch()
        terminal.shows("3 traces: 3 same", without="/2")
        assert terminal.exit_code() == 0
