"""What a process record says: what a replay needs to run the program again, and what a person wants to know of it."""

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any

from treadle import guard
from treadle.failure import writable
from treadle.notebooks import notebook_name
from treadle.values.redact import Redactor

_SHELL = "_pyrepl."
"""Where Python's own shell stands since 3.13: what is typed there is no module."""


def describe_process(redactor: Redactor) -> dict[str, Any]:
    """Return the fields of this process's record, but for its id and signature."""
    return {
        "pid": os.getpid(),
        "argv": [writable(argument) for argument in redactor.arguments(sys.argv)],
        "cwd": writable(_working_folder()),
        "python": platform.python_version(),
        "executable": sys.executable,
        "host": socket.gethostname(),
        "service": os.environ.get("OTEL_SERVICE_NAME"),
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
    for folder in (here := Path(_working_folder() or "/"), *here.parents):
        head = folder / ".git" / "HEAD"
        try:
            text = head.read_text().strip()
            if not text.startswith("ref: "):
                return text or None
            return (folder / ".git" / text[5:]).read_text().strip()
        except OSError:
            continue
    return None
