"""Values that nothing else can take apart, pickled: only where the user asked for it.

A pickle is not redacted: nobody can look for secrets in it. Loading one runs code, so a replay loads only what this
user signed, under the Python that wrote it.
"""

import io
import pickle
import sys
from typing import TYPE_CHECKING, Any

from treadle import signals
from treadle.errors import NotReplayableError
from treadle.values import bulk
from treadle.values.classes import type_name
from treadle.values.found import MAIN_ALIASES
from treadle.values.limits import LONGEST_BYTES, LONGEST_PICKLE

if TYPE_CHECKING:
    from treadle.values.revive import Reviver
    from treadle.values.walk import Walk

TAG = "$"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def pickled(walk: "Walk", value: Any) -> Any:
    """Return the tree of a pickled value; None where it cannot be pickled, or is too long."""
    data = _Bounded(LONGEST_BYTES if walk.keep is None else LONGEST_PICKLE)
    try:
        pickle.dump(value, data, protocol=5)
    except BaseException as error:  # noqa: BLE001 - the value's own code may raise anything, and it stays what it is without
        signals.pass_on(error)
        return None
    if not walk.has_room(data.tell()):
        return None
    return {TAG: "pickle", "v": bulk.raw(walk, data.getvalue()), "python": PYTHON, "type": type_name(type(value))}


def unpickled(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return the value of a pickle.

    Raises:
        NotReplayableError: it is not signed, was made by another Python, or does not load.

    """
    if not reviver.pickles_are_signed:
        raise NotReplayableError(f"a pickled {tree['type']} is not signed by this user: it is not loaded")
    if tree["python"] != PYTHON:
        raise NotReplayableError(f"a {tree['type']} was pickled by Python {tree['python']}, and this is {PYTHON}")
    data = io.BytesIO(reviver.raw(tree["v"]))
    try:
        return _Unpickler(data).load()
    except Exception as error:
        raise NotReplayableError(f"a pickled {tree['type']} does not load any more: {error}") from error


class _Bounded(io.BytesIO):
    """Takes so many bytes and no more: a value's size is not known before it is pickled."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: Any, /) -> int:
        if self.tell() + memoryview(data).nbytes > self._most:
            raise OverflowError("longer than a pickle may be")
        return super().write(data)


class _Unpickler(pickle.Unpickler):
    """Finds the classes of the main script under the name that a replay loads it as."""

    def find_class(self, module: str, name: str, /) -> Any:
        return super().find_class(MAIN_ALIASES.get(module, module), name)
