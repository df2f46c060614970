"""The viewer's decoder: tagged JSON to what a person reads, importing nothing."""

from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson

from treadle.values.bulk import is_blob_name
from treadle.values.view_tables import TABLES

TAG = "$"
_MARK = b'"$"'
MOST_UNITS = 1 << 26
"""Of what is made of arrays and tables in one payload: a forged one multiplies what little it holds."""
MOST_LOADED = 1 << 27
"""Bytes of blobs that are read for one payload: the same blob may stand in it any number of times."""
LONGEST_KEY = 10_000
TOO_DEEP = "<too deep to be shown>"
Load: TypeAlias = Callable[[str], bytes]
"""Returns the bytes of a blob by its name; raises what it likes where that is gone."""


def plain(tagged: bytes, *, load: Load | None = None) -> bytes:
    """Return the payload with its tags unwrapped, as JSON; the same object where there are none.

    What is in a blob is read with `load`; without it, or where it raises, only its length is shown.
    """
    if _MARK not in tagged:
        return tagged
    try:
        return orjson.dumps(unwrap(orjson.loads(tagged), load=load))
    except TypeError:  # deeper than JSON is written, or a number that is larger
        return orjson.dumps(TOO_DEEP)


def unwrap(tree: Any, *, load: Load | None = None) -> Any:
    """Return a tree without tags: a tuple reads as a list, an object as its fields, a secret as its mask."""
    try:
        return Viewer(load).shown(tree)
    except RecursionError:
        return TOO_DEEP


class Viewer:
    """Shows one tree."""

    __slots__ = ("_load", "_loadable", "_units")

    def __init__(self, load: Load | None) -> None:
        self._load = load
        self._loadable = MOST_LOADED
        self._units = MOST_UNITS

    def shown(self, tree: Any) -> Any:
        """Return what is shown of a tree."""
        if isinstance(tree, list):
            return [self.shown(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if TAG not in tree:
            return {key: self.shown(value) for key, value in tree.items()}
        show = _SHOWN.get(str(tree[TAG]))
        if show is None:
            return self.shown(tree.get("v"))
        try:
            return show(self, tree)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return f"<{tree[TAG]} that cannot be shown>"

    def spend(self, units: int) -> None:
        """Count what is to be made of arrays and tables.

        Raises:
            ValueError: it is more than is shown of one payload.

        """
        self._units -= units
        if self._units < 0:
            raise ValueError("more than is shown of one payload")

    def raw(self, node: Any) -> bytes | None:
        """Return raw data; None where it is in a blob that cannot be read."""
        if isinstance(node, str):
            return b64decode(node)
        data = self.blob(node)
        return data if data is not None and len(data) == node["size"] else None

    def blob(self, node: dict[str, Any]) -> bytes | None:
        """Return what is in a blob; None where it cannot be read."""
        if self._load is None or self._loadable <= 0 or not is_blob_name(node["v"]):
            return None
        try:
            data = self._load(node["v"])
        except Exception:  # noqa: BLE001 - whatever is wrong with a blob, its length can be shown
            return None
        self._loadable -= len(data)
        return data


def _dict(viewer: Viewer, tree: dict[str, Any]) -> Any:
    pairs = [pair for pair in tree["v"] if isinstance(pair, list) and len(pair) == 2]
    return {_key(viewer, pair[0]): viewer.shown(pair[1]) for pair in pairs}


def _key(viewer: Viewer, tree: Any) -> str:
    key = viewer.shown(tree)
    return key if isinstance(key, str) else orjson.dumps(key).decode()[:LONGEST_KEY]  # quotes in quotes double


def _cut(viewer: Viewer, tree: dict[str, Any]) -> Any:
    if tree.get("v") is not None:
        return viewer.shown(tree["v"])
    return f"… ({tree['why']})" if "why" in tree else "…"


def _blob(viewer: Viewer, tree: dict[str, Any]) -> str:
    if tree["of"] != "str":
        return f"… ({tree['size']:,} bytes)"
    data = viewer.blob(tree)
    return f"… ({tree['size']:,} characters)" if data is None else data.decode("utf-8", "replace")


def _pydantic(viewer: Viewer, tree: dict[str, Any]) -> Any:
    return viewer.shown({**tree["v"], **(tree.get("extra") or {})})


def _closure(viewer: Viewer, tree: dict[str, Any]) -> Any:
    cells = viewer.shown(tree.get("cells"))
    return {"function": tree["v"], "cells": cells} if cells else tree["v"]


def _partial(viewer: Viewer, tree: dict[str, Any]) -> Any:
    function, args, keywords = (viewer.shown(tree[name]) for name in ("v", "args", "keywords"))
    return {"partial": function, "args": args, "keywords": keywords}


def _fraction(viewer: Viewer, tree: dict[str, Any]) -> str:
    numerator, denominator = viewer.shown(tree["v"])
    return f"{numerator}/{denominator}"


_SHOWN: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "dict": _dict,
    "pydantic": _pydantic,
    "exception": lambda viewer, tree: {"type": tree.get("type"), "message": viewer.shown(tree.get("message"))},
    "str": lambda _, tree: b64decode(tree["v"]).decode("utf-8", "replace"),
    "opaque": lambda _, tree: tree.get("repr"),
    "env": lambda _, tree: f"${{{tree['v']}}}",
    "hidden": lambda _, _tree: "… (hidden)",
    "cut": _cut,
    "blob": _blob,
    "closure": _closure,
    "partial": _partial,
    "fraction": _fraction,
    "pickle": lambda _, tree: f"<pickled {tree['type']}>",
    "image": lambda _, tree: f"<image {tree['mode']} {tree['size'][0]}x{tree['size'][1]}>",
    **TABLES,
}
