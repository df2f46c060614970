"""Definitions without what stands between them: of a notebook, or of a script without a guard below its first call.

Run is only what defines something, in the order in which it stands: `def`, `class`, `import`, and names for plain
values or for what has one. And of that only what the replayed call needs, however indirectly: the rest may read, send
or train. What the program told Treadle is told again: what is to be hidden, and how its types are taken apart.

What was computed was not recorded, so a call that needs it is not replayed. Nor is one that needs a cell out of which a
secret was taken: it is not the text that ran. `treadle_debugger` has checked the signatures of cells, also under
`--trust`; a script is the one that stands there today.
"""

import linecache
import types
from collections.abc import Sequence
from pathlib import Path

from treadle.errors import NotReplayableError
from treadle.model import KeptSource
from treadle.names import MAIN_ALIAS
from treadle.replay.divergence import DivergedError
from treadle.replay.main_module import install, uninstall
from treadle.replay.statements import Statement, statements_of


def load(needed: set[str], sources: Sequence[KeptSource], *, into: types.ModuleType | None = None) -> types.ModuleType:
    """Return the main module with these names in it, and what they need; what `into` holds already stays.

    Raises:
        NotReplayableError: something that they need was computed, or stood in a cell that was redacted, or fails.

    """
    statements = [statement for source in sources for statement in statements_of(source)]
    module = into or types.ModuleType(MAIN_ALIAS)
    install(module)
    for statement in _needed_of(statements, needed, held=frozenset(vars(module))):
        if statement.source.number is not None:
            linecache.cache[statement.source.file] = _cached(statement.source)
        _run(statement, module)
    return module


def check_is_what_ran(source: KeptSource, name: str) -> None:
    """Refuse a cell out of which a secret was taken.

    Raises:
        NotReplayableError: it is one.

    """
    if source.redacted:
        raise NotReplayableError(
            f"{name} stands in {_called(source)}, out of which a secret was taken, and so it is not run: "
            "put the secret into an environment variable, and run the notebook again"
        )


def _needed_of(statements: Sequence[Statement], needed: set[str], *, held: frozenset[str]) -> list[Statement]:
    """Return what defines the names, and what that uses, in the order of running.

    What a definition uses while it is made stood before it; what its body uses is the newest.
    """
    waiting = [(name, len(statements)) for name in sorted(needed)]
    chosen, seen = set[int](), set[int]()
    for index in _telling(statements):
        check_is_what_ran(statements[index].source, statements[index].shown)
        chosen.add(index)
        waiting += [(used, index) for used in statements[index].uses_at_once]
    while waiting:
        name, before = waiting.pop()
        found = _newest(statements, name, before)
        if found is None or found in chosen or found in seen:
            continue
        statement = statements[found]
        waiting += [(used, len(statements)) for used in statement.uses_later]
        if name in held:
            seen.add(found)
            continue
        _check_may_run(statement, name)
        chosen.add(found)
        waiting += [(used, found) for used in statement.uses_at_once]
    return [statements[index] for index in sorted(chosen)]


def _telling(statements: Sequence[Statement]) -> list[int]:
    ours = {name for statement in statements for name in statement.names_of_ours}
    return [index for index, statement in enumerate(statements) if statement.tells in ours]


def _newest(statements: Sequence[Statement], name: str, before: int) -> int | None:
    for index in range(before - 1, -1, -1):
        if name in statements[index].binds:
            return index
    return next((index for index in range(before - 1, -1, -1) if statements[index].binds_anything), None)


def _check_may_run(statement: Statement, name: str) -> None:
    where = _called(statement.source)
    if not statement.defines:
        is_script = statement.source.number is None
        more = ", or put what the script does under `if __name__ == '__main__':`" if is_script else ""
        raise NotReplayableError(
            f"it uses {name}, which {where} computed ({statement.shown}), and only definitions, imports and plain "
            f"values of it are run again: make {name} an argument, or put it into a module{more}"
        )
    check_is_what_ran(statement.source, name)


def _run(statement: Statement, module: types.ModuleType) -> None:
    try:
        exec(statement.code, vars(module))  # noqa: S102 - the user's own definitions
    except (Exception, SystemExit, DivergedError) as error:
        uninstall()
        then = "replay again" if statement.source.number is None else "run the notebook again"
        raise NotReplayableError(
            f"{_called(statement.source)} does not run any more ({statement.shown}): {type(error).__name__}: {error}; "
            f"mend it, then {then}"
        ) from error


def _called(source: KeptSource) -> str:
    return Path(source.file).name if source.number is None else f"cell [{source.number}]"


def _cached(cell: KeptSource) -> tuple[int, None, list[str], str]:
    """Return what shows the cell's lines in tracebacks."""
    return len(cell.text), None, cell.text.splitlines(keepends=True), cell.file
