"""The IPython shell that this process runs, if it does: a notebook's kernel, or a shell in a terminal."""

import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that has run, or runs now."""

    number: int
    """Its execution count."""
    file: str
    """The name that the functions of its code carry for their file."""
    text: str
    """What Python ran: magics are calls there."""


def notebook_name() -> str | None:
    """Return the notebook that this process is the kernel of, where Jupyter or VS Code told the kernel."""
    shell = running_shell()
    if shell is None:
        return None
    named = shell.user_ns.get("__vsc_ipynb_file__") or shell.user_ns.get("__session__")
    return named if isinstance(named, str) else None


def running_shell() -> Any:
    """Return the shell; None in a program that only imports IPython, or does not even that."""
    module = sys.modules.get("IPython.core.interactiveshell")
    shells = getattr(module, "InteractiveShell", None)
    return shells.instance() if shells is not None and shells.initialized() else None


def cells_of(shell: Any, *, since: int) -> list[Cell]:
    """Return the cells from a count on; after a `%reset` they count from 1 again, and all of them come."""
    history = shell.history_manager
    numbered = list(zip(history.input_hist_raw, history.input_hist_parsed, strict=False))
    first = since if since <= len(numbered) else 1
    return [
        Cell(number, shell.compile.get_code_name(raw, text, number), text)
        for number, (raw, text) in enumerate(numbered[first:], first)
    ]
