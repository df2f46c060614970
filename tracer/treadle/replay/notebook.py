"""A notebook's functions: made again by the cells that were kept, which this user signed.

Of the cells only what defines something is run, in the order in which it ran: `def`, `class`, `import`, and names for
plain values or for what has one. And of that only what the replayed call needs, however indirectly: the rest may read,
send or train. What a cell computed was not recorded, so a call that needs it is not replayed. Nor is one that needs a
cell out of which a secret was taken: it is not the text that ran. `treadle_debugger` has checked the signatures, also
under `--trust`.
"""

import linecache
import re
import types
from collections.abc import Iterable, Sequence

from treadle.errors import NotReplayableError
from treadle.model import KeptSource, RecordedCall
from treadle.names import MAIN_ALIAS
from treadle.replay.divergence import DivergedError
from treadle.replay.main_module import install, uninstall
from treadle.replay.statements import Statement, statements_of
from treadle.values.todays_code import Source

_NAMED = re.compile(rb'"__main__:(\w+)')
"""What stands in the notebook, wherever a value names it."""


def names_in(payloads: Iterable[bytes | None]) -> set[str]:
    """Return what recorded values name of the main module."""
    return {found.decode() for payload in payloads if payload for found in _NAMED.findall(payload)}


def source_of_cell(call: RecordedCall, cells: Sequence[KeptSource]) -> Source:
    """Return the cell that a call's function stood in.

    Raises:
        NotReplayableError: it was not kept, or not as it ran.

    """
    file = call.function.file if call.function is not None else None
    cell = next((cell for cell in reversed(cells) if cell.file == file and cell.seq < call.seq), None)
    if cell is None:
        raise NotReplayableError(f"the cell that {call.name} stood in was not kept: run the notebook again")
    _check_is_what_ran(cell, call.name)
    return Source(cell.file, cell.text)


def load(call: RecordedCall, needed: set[str], cells: Sequence[KeptSource]) -> types.ModuleType:
    """Return a module that holds what a call needs of its notebook, as it was when the call began.

    Raises:
        NotReplayableError: something that it needs was computed, or stood in a cell that was redacted, or fails.

    """
    ran = [cell for cell in cells if cell.number is not None and cell.seq < call.seq]
    statements = [statement for cell in ran for statement in statements_of(cell)]
    module = types.ModuleType(MAIN_ALIAS)
    install(module)
    for statement in _needed_of(statements, needed):
        linecache.cache[statement.cell.file] = _cached(statement.cell)
        _run(statement, module)
    return module


def _needed_of(statements: Sequence[Statement], needed: set[str]) -> list[Statement]:
    """Return what defines the names, and what that uses, in the order of running.

    What a definition uses while it is made stood before it; what its body uses is the newest.
    """
    waiting = [(name, len(statements)) for name in sorted(needed)]
    chosen: set[int] = set()
    while waiting:
        name, before = waiting.pop()
        found = _newest(statements, name, before)
        if found is None or found in chosen:
            continue
        statement = statements[found]
        _check_may_run(statement, name)
        chosen.add(found)
        waiting += [(used, found) for used in statement.uses_at_once]
        waiting += [(used, len(statements)) for used in statement.uses_later]
    return [statements[index] for index in sorted(chosen)]


def _newest(statements: Sequence[Statement], name: str, before: int) -> int | None:
    for index in range(before - 1, -1, -1):
        if name in statements[index].binds:
            return index
    return next((index for index in range(before - 1, -1, -1) if statements[index].binds_anything), None)


def _check_may_run(statement: Statement, name: str) -> None:
    where = _called(statement.cell)
    if not statement.defines:
        raise NotReplayableError(
            f"it uses {name}, which {where} computed ({statement.shown}), and only definitions, imports and plain "
            f"values of a notebook are run again: make {name} an argument, or put it into a module"
        )
    _check_is_what_ran(statement.cell, name)


def _check_is_what_ran(cell: KeptSource, name: str) -> None:
    if cell.redacted:
        raise NotReplayableError(
            f"{name} stands in {_called(cell)}, out of which a secret was taken, and so it is not run: put the secret "
            "into an environment variable, and run the notebook again"
        )


def _run(statement: Statement, module: types.ModuleType) -> None:
    try:
        exec(statement.code, vars(module))  # noqa: S102 - this user's own definitions, signed
    except (Exception, SystemExit, DivergedError) as error:
        uninstall()
        raise NotReplayableError(
            f"{_called(statement.cell)} does not run any more ({statement.shown}): {type(error).__name__}: {error}; "
            "mend it, and run the notebook again"
        ) from error


def _called(cell: KeptSource) -> str:
    return f"cell [{cell.number}]"


def _cached(cell: KeptSource) -> tuple[int, None, list[str], str]:
    """Return what shows the cell's lines in tracebacks."""
    return len(cell.text), None, cell.text.splitlines(keepends=True), cell.file
