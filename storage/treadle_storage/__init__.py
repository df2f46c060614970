"""The store of Treadle: `open()` gives a client of it; the process that holds its database is the owner.

Nothing is loaded before it is used, and the database library never on the client's side.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle_storage.rows import Rows
    from treadle_storage.steps import WatchValue
    from treadle_storage.store import Rejected, Status, Store, open  # noqa: A004
    from treadle_storage.summaries import Found
    from treadle_storage.tree import Tree

__all__ = ["Found", "Rejected", "Rows", "Status", "Store", "Tree", "WatchValue", "open"]

_HOMES = {
    "Found": "summaries", "Rejected": "store", "Rows": "rows", "Status": "store", "Store": "store", "Tree": "tree",
    "WatchValue": "steps", "open": "store",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
