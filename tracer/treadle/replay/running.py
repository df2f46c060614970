"""Run a plan in a process of its own, and watch it to its end.

The child is a session of its own and is killed as a group; only where the user debugs in it, it shares the terminal.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from treadle.errors import NotReplayableError, ReplayStoppedError
from treadle.replay import lifeline, report
from treadle.replay.plan import Plan

LOOK_S = 0.05
"""How often a running child is looked at: as long as a key press may wait."""
GRACE_S = 1.0
"""A program may take so long to end after a process that it started has diverged."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the child ended, and what it said it did."""

    timed_out: bool
    code: int
    lines: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Control:
    """How whoever asked for a replay follows it, and ends it."""

    on_line: Callable[[dict[str, Any]], None] | None = None
    """Is called with each line of the report, in the thread that waits."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set it, and the child is ended."""


def run(
    plan: Plan,
    folder: Path,
    *,
    timeout_s: float,
    output: IO[Any] | int | None,
    control: Control | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run the child to its end; `folder` takes the plan.

    `output` takes what the program prints, on both its streams; None leaves them as they are. `environment`: variables
    that the child has besides this process's own, or instead.

    Raises:
        NotReplayableError: the plan names a folder that is gone.
        ReplayStoppedError: `control` said to stop.

    """
    process = plan.process
    if process.cwd and not Path(process.cwd).is_dir():
        raise NotReplayableError(
            f"the program ran in {process.cwd}, which is gone: it was recorded on {process.host or 'another machine'}; "
            "put the project back there, or record it anew"
        )
    plan_file = folder / "plan.json"
    plan.write(plan_file)
    is_known = plan.is_signed and Path(process.executable).exists()  # what nobody signed may name any program
    python = process.executable if is_known else sys.executable
    is_debugged = plan.debugged is not None
    with lifeline.held() as end:
        child = subprocess.Popen(
            [python, "-P", "-m", "treadle.replay.child", str(plan_file), str(end)],
            pass_fds=(end,),
            cwd=process.cwd or None,
            stdin=None if is_debugged else subprocess.DEVNULL,
            stdout=output,
            stderr=output if output is not None else None,
            start_new_session=not is_debugged,
            env={**os.environ, **(environment or {}), "TREADLE_STORE": plan.store, "TREADLE_DISABLED": ""},
        )
        lines = report.Reader(Path(plan.report))
        try:
            timed_out = not _wait(child, lines, timeout_s, control or Control())
            code = child.poll()
            return Ended(timed_out, -signal.SIGKILL if code is None else code, lines.rest())
        finally:
            if child.poll() is None:
                _kill(child, as_group=not is_debugged)


def broken_end(
    ended: Ended, timeout_s: float
) -> tuple[Literal["not replayable", "refused", "diverged", "timed out", "crashed"], str] | None:
    """Return in one word and one sentence how the child ended, where its program neither returned nor raised."""
    last = report.outcome_of(ended.lines)
    if last is not None and last["outcome"] in ("not replayable", "refused", "diverged"):
        return last["outcome"], last["why"]
    if ended.timed_out:
        return "timed out", f"it was still running after {timeout_s:g} s, and was ended"
    if last is None:
        how = f"was killed by signal {-ended.code}" if ended.code < 0 else f"ended with exit code {ended.code}"
        return "crashed", f"the replaying process {how} before it was done"
    return None


def _wait(child: "subprocess.Popen[Any]", lines: report.Reader, timeout_s: float, control: Control) -> bool:
    """Wait for the child, or until nothing that it does counts any more; False where its time is over."""
    until = time.monotonic() + timeout_s
    has_diverged = False
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0, min(LOOK_S, until - time.monotonic())))
        for line in lines.new():
            if control.on_line is not None:
                control.on_line(line)
            if report.ELSEWHERE in line and not has_diverged:
                has_diverged, until = True, min(until, time.monotonic() + GRACE_S)
        if child.returncode is not None:
            return True
        if control.stop.is_set():
            raise ReplayStoppedError("the replay was stopped")
        if time.monotonic() >= until:
            return has_diverged


def _kill(child: "subprocess.Popen[Any]", *, as_group: bool) -> None:
    if as_group:
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()
