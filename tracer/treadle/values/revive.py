"""The reviver: tagged JSON back to the same types, in a replay's child process only.

Each value must really be what its tag claims; no `__init__` of a project's, no validator, no `__reduce__` and no
`__setstate__` runs. What is put into a set, or is the key of a dictionary, is asked for its `__hash__` and `__eq__`:
there is no set without them, and they are today's code of the project, of a class that it builds anyway.
"""

import math
import re
from base64 import b64decode
from collections import deque
from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from treadle.errors import NotReplayableError
from treadle.values import arrays, building, frames, images
from treadle.values.bulk import is_blob_name
from treadle.values.closures import revive_closure
from treadle.values.found import find_class
from treadle.values.instances import revive_instance
from treadle.values.pickles import unpickled

TAG = "$"
Load = Callable[[str], bytes]
"""Returns the bytes of a blob by its name."""


def revive(
    tagged: bytes,
    environment: dict[str, str] | None = None,
    *,
    load: Load | None = None,
    pickles_are_signed: bool = False,
) -> Any:
    """Return the value that was recorded.

    - `load`: returns the bytes of a blob by its name.
    - `pickles_are_signed`: this user signed the record, so that what it pickled may be loaded.

    Raises:
        NotReplayableError: something in it was not recorded, or may not be built; the message names it.

    """
    return Reviver(environment or {}, load=load, pickles_are_signed=pickles_are_signed).value(orjson.loads(tagged))


class Reviver:
    """One pass over one tree."""

    def __init__(self, environment: dict[str, str], *, load: Load | None, pickles_are_signed: bool) -> None:
        self.environment = environment
        self.pickles_are_signed = pickles_are_signed
        self._load = load

    def value(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if isinstance(tree, list):
            return [self.value(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if TAG not in tree:
            return {key: self.value(item) for key, item in tree.items()}
        tag = tree[TAG]
        builder = _BUILDERS.get(tag) if isinstance(tag, str) else None
        if builder is None:
            raise NotReplayableError(f"a value of the unknown kind {tag!r}")
        try:
            return builder(self, tree)
        except NotReplayableError:
            raise
        except Exception as error:
            raise NotReplayableError(f"a recorded {tag} cannot be built: {error}") from error

    def fields(self, tree: Any) -> dict[str, Any]:
        """Return named fields."""
        return {name: self.value(item) for name, item in tree.items()}

    def raw(self, node: Any) -> bytes:
        """Return raw data: from base64 text, or from a blob.

        Raises:
            NotReplayableError: the blob is gone, or is not what was recorded.

        """
        if isinstance(node, str):
            return b64decode(node, validate=True)
        if node[TAG] != "blob" or node["of"] != "bytes":
            raise NotReplayableError(f"a recorded {node[TAG]!r} where raw data should be")
        return self._loaded(node["v"], node["size"])

    def blob(self, node: dict[str, Any]) -> str:
        """Return the text of a blob.

        Raises:
            NotReplayableError: as of `raw`.

        """
        if node["of"] != "str":
            raise NotReplayableError("a recorded blob of bytes where a value should be")
        text = self._loaded(node["v"]).decode("utf-8", "surrogatepass")
        if len(text) != node["size"]:
            raise NotReplayableError(f"the blob {node['v']} is not what was recorded")
        return text

    def _loaded(self, name: Any, size: int | None = None) -> bytes:
        if self._load is None or not is_blob_name(name):
            raise NotReplayableError(f"the blob {name!r} is not at hand")
        try:
            data = self._load(name)
        except OSError as error:
            raise NotReplayableError(f"the blob {name} cannot be read: {error}") from error
        if size is not None and len(data) != size:
            raise NotReplayableError(f"the blob {name} is not what was recorded")
        return data


def _env(reviver: Reviver, tree: dict[str, Any]) -> str:
    value = reviver.environment.get(tree["v"])
    if value is None:
        raise NotReplayableError(f"the environment variable {tree['v']} is not set: its value was not recorded")
    return value


def _lost(_: Reviver, tree: dict[str, Any]) -> Any:
    why = tree.get("why") or _WHY_LOST.get(tree[TAG], "")
    raise NotReplayableError(f"a value was not recorded: {why}")


_WHY_LOST = {"secret": "it was a secret", "cut": "it was cut", "hidden": "it was hidden"}

_BUILDERS: dict[str, Callable[[Reviver, dict[str, Any]], Any]] = {
    "tuple": lambda reviver, tree: tuple(reviver.value(tree["v"])),
    "set": lambda reviver, tree: set(reviver.value(tree["v"])),
    "frozenset": lambda reviver, tree: frozenset(reviver.value(tree["v"])),
    "deque": lambda reviver, tree: deque(reviver.value(tree["v"]), tree["maxlen"]),
    "dict": lambda reviver, tree: {reviver.value(key): reviver.value(item) for key, item in tree["v"]},
    "bytes": lambda reviver, tree: reviver.raw(tree["v"]),
    "bytearray": lambda reviver, tree: bytearray(reviver.raw(tree["v"])),
    "str": lambda _, tree: b64decode(tree["v"]).decode("utf-8", "surrogatepass"),
    "int": lambda _, tree: int(tree["v"], 16),
    "float": lambda _, tree: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[tree["v"]],
    "complex": lambda reviver, tree: complex(*reviver.value(tree["v"])),
    "decimal": lambda _, tree: Decimal(tree["v"]),
    "uuid": lambda _, tree: UUID(tree["v"]),
    "datetime": building.time_zoned,
    "date": lambda _, tree: date.fromisoformat(tree["v"]),
    "time": lambda _, tree: time.fromisoformat(tree["v"]).replace(fold=tree.get("fold", 0)),
    "timedelta": lambda _, tree: timedelta(*tree["v"]),
    "timezone": lambda _, tree: building.offset(tree["v"]),
    "range": lambda reviver, tree: range(*reviver.value(tree["v"])),
    "ellipsis": lambda _, _tree: ...,
    "path": building.path,
    "regex": lambda reviver, tree: re.compile(reviver.value(tree["v"]), tree["flags"]),
    "enum": building.member,
    "namedtuple": building.namedtuple,
    "dataclass": building.dataclass,
    "pydantic": building.pydantic,
    "exception": building.exception,
    "subclass": building.subclass,
    "object": building.plain_object,
    "type": lambda _, tree: find_class(tree["v"]),
    "function": building.function,
    "method": building.method,
    "sentinel": building.sentinel,
    "attrs": building.attrs,
    "partial": building.partially,
    "closure": revive_closure,
    "instance": lambda _, tree: revive_instance(tree),
    "taught": building.taught,
    "pickle": unpickled,
    "blob": Reviver.blob,
    **building.STANDARD,
    **arrays.BUILDERS,
    **frames.BUILDERS,
    **images.BUILDERS,
    "env": _env,
    "stream": lambda reviver, tree: reviver.value(tree["v"]),
    "module": _lost,
    "opaque": _lost,
    "secret": _lost,
    "cut": _lost,
    "hidden": _lost,
}
