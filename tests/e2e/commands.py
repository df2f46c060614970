"""The command line as users type it, in processes of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "treadle_tui")
LONGEST_RUN_S = 90


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote, where that is JSON."""
        return json.loads(self.out)


def treadle(*arguments: str, cwd: Path | None = None) -> Ran:
    """Run `treadle ARGUMENTS...` away from any terminal; no command shows a traceback."""
    ran = recorded_run(*arguments, cwd=cwd)
    assert "Traceback" not in ran.out + ran.err, ran.err
    return ran


def recorded_run(*arguments: str, cwd: Path | None = None) -> Ran:
    """Run `treadle ARGUMENTS...`, be it `run` and a program that shows a traceback of its own."""
    done = subprocess.run(
        (*COMMAND, *arguments),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def complaint(ran: Ran) -> str:
    """Return the one line in which a command refused, after checking that it said nothing else."""
    lines = [line for line in ran.err.splitlines() if not line.startswith("last")]
    assert (ran.code, ran.out, len(lines)) == (2, "", 1), ran
    assert lines[0].startswith("treadle: ")
    return lines[0].removeprefix("treadle: ")
