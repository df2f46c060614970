"""What people leave in the store: breakpoints, watches and bookmarks, appended as journal records.

A store that cannot be written (someone else's, a read-only disk) still gets its breakpoints and watches: they hold
until the session ends, and `Keeper.trouble` says why they were not kept.
"""

import secrets
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Literal, TypeAlias

from treadle.errors import JournalError
from treadle.journal import write_people_record
from treadle.model import Json, Mark

if TYPE_CHECKING:
    from treadle_storage import Store

MarkKind: TypeAlias = Literal["breakpoint", "watch", "bookmark"]


def new_mark_id() -> str:
    """Return an id for a new mark."""
    return secrets.token_hex(8)


class Keeper:
    """The marks that hold for one trace: those that were there, and a pen to write more."""

    def __init__(self, store: "Store", trace_id: str) -> None:
        self._path = store.path
        self._marks = [mark for mark in store.marks() if mark.trace_id in (None, trace_id)]
        self._twins: dict[str, list[str]] = {}
        self.trouble: str | None = None

    def found(self, kind: MarkKind) -> list[Mark]:
        """Return the marks of one kind that were there, the oldest first."""
        return [mark for mark in self._marks if mark.mark == kind]

    def found_once(self, kind: MarkKind, meaning: Callable[[Mark], Hashable]) -> list[Mark]:
        """Return of the marks that mean the same only the oldest; the others are forgotten when it is."""
        first: dict[Hashable, Mark] = {}
        for mark in self.found(kind):
            kept = first.setdefault(meaning(mark), mark)
            if kept is not mark:
                self._twins.setdefault(kept.mark_id, []).append(mark.mark_id)
        return list(first.values())

    def keep(self, mark_id: str, kind: MarkKind, value: Json, *, trace_id: str | None = None) -> None:
        """Append a mark, or what has changed about it."""
        self._write(id=mark_id, mark=kind, trace=trace_id, value=value)

    def forget(self, mark_id: str, kind: MarkKind) -> None:
        """Append that a mark is gone."""
        for each in (mark_id, *self._twins.pop(mark_id, ())):
            self._write(id=each, mark=kind, deleted=True)

    def _write(self, **fields: Json) -> None:
        try:
            write_people_record(self._path, "mark", **fields)
        except JournalError as error:
            self.trouble = str(error)
