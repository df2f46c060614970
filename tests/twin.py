"""One program run twice, with its decorators and without: what it shows of itself must be the same."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LONGEST_RUN_S = 120
PROGRAMS = Path(__file__).parent / "tracer" / "twins"


@dataclass(frozen=True)
class Shown:
    """What a program shows of itself."""

    code: int
    output: list[str]
    errors: list[str]


def both(program: Path, *arguments: str, cwd: Path, options: tuple[str, ...] = ()) -> tuple[Shown, Shown]:
    """Run a program without its decorators and with them, in the same folder."""
    command = [sys.executable, *options, str(program), *arguments]
    return _run(command, cwd, TREADLE_DISABLED="1"), _run(command, cwd)


def _run(command: list[str], cwd: Path, **environment: str) -> Shown:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Shown(done.returncode, _lines(done.stdout), _lines(done.stderr))


def _lines(text: str) -> list[str]:
    """Return the lines with neither addresses nor process ids in them: they differ from run to run."""
    return re.sub(r"0x[0-9a-f]+|pid=\d+", "#", text).splitlines()
