"""Programs in processes of their own: as Python runs them, and as `treadle run` does."""

import os
import subprocess
import sys
from pathlib import Path

RUN_FILE = "import sys; from treadle import program; sys.exit(program.run_file(sys.argv[1], sys.argv[2:]))"
RUN_MODULE = "import sys; from treadle import program; sys.exit(program.run_module(sys.argv[1], sys.argv[2:]))"
LONGEST_RUN_S = 60


def plainly(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `python ARGUMENTS...`."""
    return _run([sys.executable, *arguments], cwd, stdin)


def traced(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run what `treadle run ARGUMENTS...` runs."""
    command = [RUN_MODULE, *arguments[1:]] if arguments[0] == "-m" else [RUN_FILE, *arguments]
    return _run([sys.executable, "-c", *command], cwd, stdin)


def python(source: str, *arguments: str, cwd: Path | None = None, stdin: str = "", **environment: str) -> str:
    """Run source text in a process of its own, and return what it printed; fail where it failed."""
    done = _run([sys.executable, "-W", "error", "-c", source, *arguments], cwd or Path.cwd(), stdin, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _run(command: list[str], cwd: Path, stdin: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LONGEST_RUN_S,
        check=False,
    )
