"""Where the store is, and the few switches that the environment sets.

The rule is the same for the traced program and for every command: the explicit path, else `TREADLE_STORE`, else the
nearest `.treadle/` upwards, else `.treadle/` beside the nearest `pyproject.toml` or `.git` upwards, else here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from treadle.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

STORE_NAME = ".treadle"
PROJECT_MARKS = ("pyproject.toml", ".git")


def find_store(explicit: str | Path | None = None, *, start: Path | None = None) -> Path:
    """Return the absolute path of the store, looked for from `start`, else from here; it need not exist yet.

    Raises:
        UsageError: it is said to be in a home folder that there is not.

    """
    from pathlib import Path

    named = explicit or os.environ.get("TREADLE_STORE")
    if named:
        try:
            return Path(named).expanduser().absolute()
        except RuntimeError as error:
            raise UsageError(
                f"the store is to be {named}, and there is no such home folder: name it in full"
            ) from error
    here = start or Path.cwd()
    upwards = (here, *here.parents)
    for folder in upwards:
        if (folder / STORE_NAME).is_dir():
            return folder / STORE_NAME
    return project_root(here) / STORE_NAME


def project_root(start: Path) -> Path:
    """Return the nearest folder upwards that holds a `pyproject.toml` or a `.git`, else `start` itself."""
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in PROJECT_MARKS):
            return folder
    return start


def is_disabled() -> bool:
    """Tell whether `TREADLE_DISABLED` asks for no recording at all."""
    return os.environ.get("TREADLE_DISABLED", "") not in ("", "0", "false")
