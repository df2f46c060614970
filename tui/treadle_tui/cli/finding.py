"""Traces and steps by what people call them: a prefix of an id, last, last-failed."""

from typing import TYPE_CHECKING

import click

from treadle.errors import AmbiguousError, NotFoundError

if TYPE_CHECKING:
    from treadle_storage import Found, Store
    from treadle_storage.tree import Tree

MOST_LISTED = 4


def find_trace(store: "Store", name: str) -> "Found":
    """Return the trace, and the step where the name is a step's; say on stderr what a rule chose.

    Raises:
        NotFoundError: there is no such trace, or none at all.
        AmbiguousError: the name fits several.

    """
    found = store.resolve(name)
    if name.startswith("last"):
        click.echo(f"{name} is {found.trace_id[:8]}: {found.why}", err=True)
    return found


def find_step(store: "Store", trace_id: str, name: str) -> str:
    """Return the whole id of a step of a trace from a prefix of it, or from its name where only one has it.

    Raises:
        NotFoundError: the trace has no such step.
        AmbiguousError: several steps fit.

    """
    tree = store.tree(trace_id)
    fitting = [row for row in range(len(tree)) if tree.hex_id(row).startswith(name.lower())]
    if not fitting and name in tree.names:
        code = tree.names.index(name)
        fitting = [row for row in range(len(tree)) if tree.name[row] == code]
    if not fitting:
        raise NotFoundError(f"trace {trace_id[:8]} has no step {name} (treadle show {trace_id[:8]} lists them)")
    if len(fitting) > 1:
        raise AmbiguousError(f"{name} fits {len(fitting)} steps of trace {trace_id[:8]}: {_listed(tree, fitting)}")
    return tree.hex_id(fitting[0])


def _listed(tree: "Tree", rows: list[int]) -> str:
    shown = [f"{tree.hex_id(row)} {tree.names[int(tree.name[row])]}" for row in rows[:MOST_LISTED]]
    return ", ".join(shown) + (", …" if len(rows) > MOST_LISTED else "")
