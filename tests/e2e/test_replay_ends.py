"""`treadle replay` that is ended from outside: nothing of the replayed program stays behind."""

import signal
import subprocess
from pathlib import Path

import pytest

from e2e.commands import COMMAND, treadle
from e2e.conftest import Project
from waiting import wait_until

QUICK = """
import treadle

@treadle.trace
def chain(question):
    return question

if __name__ == "__main__":
    chain("Where?")
"""
HANGING = QUICK.replace(
    "    return question",
    """    import os, pathlib, subprocess, sys
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("pids.tmp").write_text(f"{os.getpid()} {helper.pid}")
    pathlib.Path("pids.tmp").rename("pids")
    helper.wait()""",
)


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not a zombie that waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc for processes")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_replay_that_is_ended_takes_its_program_with_it(project: Project, number: signal.Signals, code: int) -> None:
    """The replaying process and what it started are gone, and nothing is said but the exit code."""
    project.record(QUICK)
    project.write(HANGING)
    pids_file = project.folder / "pids"
    with subprocess.Popen(
        (*COMMAND, "replay", "last"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=project.folder
    ) as command:
        wait_until(pids_file.exists, timeout_s=60, what="the replayed program")
        pids = [int(pid) for pid in pids_file.read_text().split()]
        command.send_signal(number)
        wait_until(lambda: not any(map(is_running, pids)), timeout_s=30, what="the end of the replayed program")
        out, err = command.communicate(timeout=30)
    assert command.returncode == code
    assert out == ""
    assert [line for line in err.splitlines() if line and not line.startswith("last is")] == []


@pytest.mark.parametrize("command", [("replay", "last"), ("sql", "select 1")], ids=["replay", "sql"])
@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_out_is_a_time(project: Project, command: tuple[str, ...], seconds: str) -> None:
    """What is no number of seconds is refused before anything runs."""
    project.record(QUICK)
    ran = treadle(*command, "--timeout", seconds)
    assert (ran.code, ran.out) == (2, "")
    assert "--timeout" in ran.err


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc for processes")
def test_a_replay_that_is_killed_takes_its_program_with_it(project: Project) -> None:
    """Nobody is left to end it: the kernel does."""
    project.record(QUICK)
    project.write(HANGING)
    pids_file = project.folder / "pids"
    with subprocess.Popen(
        (*COMMAND, "replay", "last"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=project.folder
    ) as command:
        wait_until(pids_file.exists, timeout_s=60, what="the replayed program")
        pids = [int(pid) for pid in pids_file.read_text().split()]
        command.kill()
        wait_until(lambda: not any(map(is_running, pids)), timeout_s=30, what="the end of the replayed program")
