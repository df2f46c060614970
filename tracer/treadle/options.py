"""What a decorator was told, checked when the program loads: not when a call comes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from treadle.errors import UsageError
from treadle.kinds import KINDS

DEFAULT_KIND = "chain"


class Options(NamedTuple):
    """The arguments of `treadle.trace`; None where nothing was said."""

    name: str | None = None
    kind: str | None = None
    ignore: Iterable[str] = ()
    pickle: bool = False
    idempotent: bool = True

    def checked(self) -> Options:
        """Return them with `ignore` as a tuple.

        Raises:
            UsageError: an unknown kind, or a name that is none.

        """
        if self.kind is not None and self.kind not in KINDS:
            raise UsageError(f"kind {self.kind!r} is not known; use one of {', '.join(KINDS)}")
        if self.name is not None and (not isinstance(self.name, str) or not self.name):
            raise UsageError(f"name {self.name!r} is no name; give some text")
        if isinstance(self.ignore, str):
            raise UsageError(f'ignore {self.ignore!r} is one name; give a list of names: ignore=["{self.ignore}"]')
        ignore = tuple(self.ignore)
        if not all(isinstance(name, str) for name in ignore):
            raise UsageError(f"ignore {ignore!r} holds what is no name of an argument")
        return self._replace(ignore=ignore)
