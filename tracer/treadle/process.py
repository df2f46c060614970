"""What a process record says: what a replay needs to run the program again, and what a person wants to know of it."""

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

from treadle import guard
from treadle.names import writable
from treadle.notebooks import notebook_name
from treadle.values.redact import Redactor
from treadle.version import __version__

_SHELL = "_pyrepl."
"""Where Python's own shell stands since 3.13: what is typed there is no module."""


def describe_process(redactor: Redactor) -> dict[str, Any]:
    """Return the fields of this process's record, but for its id and signature."""
    return {
        "pid": os.getpid(),
        "argv": [writable(argument) for argument in redactor.arguments(sys.argv)],
        "cwd": writable(_working_folder()),
        "python": platform.python_version(),
        "executable": writable(sys.executable),
        "treadle": __version__,
        "host": writable(socket.gethostname()),
        "service": writable(os.environ.get("OTEL_SERVICE_NAME", "")),
        "main": _main(),
        "path": [writable(entry) for entry in sys.path if isinstance(entry, str)],
        "git_commit": _git_commit(),
    }


def _working_folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""


def _main() -> dict[str, str] | None:
    if (notebook := guard.attempt(notebook_name)) is not None:
        return {"notebook": writable(notebook)}
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return None if spec.name.startswith(_SHELL) else {"module": spec.name}
    file = getattr(main, "__file__", None)
    return {"file": writable(str(Path(file).absolute()))} if file else None


def _git_commit() -> str | None:
    """Read the commit from the repository's files: a `git` process would be the user's time."""
    here = Path(_working_folder() or "/")
    found = next((folder / ".git" for folder in (here, *here.parents) if (folder / ".git").exists()), None)
    try:
        return _commit_in(found) if found is not None else None
    except (OSError, ValueError):
        return None


def _commit_in(git: Path) -> str | None:
    if git.is_file():  # a worktree or a submodule: `gitdir: PATH`
        git = git.parent / _text(git).removeprefix("gitdir:").strip()
    head = _text(git / "HEAD")
    if not head.startswith("ref: "):
        return head or None
    name = head.removeprefix("ref: ")
    common = git / _text(git / "commondir") if (git / "commondir").exists() else git
    for folder in (git, common):
        if (folder / name).is_file():
            return _text(folder / name)
    packed = (line.split(" ", 1) for line in _text(common / "packed-refs").splitlines() if not line.startswith("#"))
    return next((pair[0] for pair in packed if pair[-1] == name), None)


def _text(path: Path) -> str:
    """Return what a file of git's holds: paths and names of branches, in the bytes of the file system."""
    return os.fsdecode(path.read_bytes()).strip()
