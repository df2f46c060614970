"""Recorded values on another machine: the paths of the project and of the home folder, by marks and back again."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from treadle.blobs import name_of

TAG = "$"
_BEFORE, _AFTER = r"(?<![\w.-])", r"(?![\w-]|\.\w)"
"""What stands around a folder's path inside a text: `/home/me/app` is not in `/home/me/app-2`."""


class Relocation:
    """One pass over the values of a recording: texts are replaced everywhere, in blobs too, which get another name."""

    def __init__(self, replace: Callable[[str], str], blobs: Mapping[str, bytes]) -> None:
        self._replace = replace
        self._given = blobs
        self.blobs: dict[str, bytes] = {}
        """Those that the values name by now."""

    def text(self, text: str) -> str:
        """Return a text with its paths replaced."""
        return self._replace(text)

    def tree(self, tree: Any) -> Any:
        """Return a tagged value with its paths replaced."""
        if isinstance(tree, str):
            return self._replace(tree)
        if isinstance(tree, list):
            return [self.tree(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        if tree.get(TAG) == "blob" and tree.get("v") in self._given:
            return self._blob(tree)
        return {self._replace(key): self.tree(item) for key, item in tree.items()}

    def _blob(self, node: dict[str, Any]) -> dict[str, Any]:
        data = self._given[node["v"]]
        if node.get("of") == "str":
            text = self._replace(data.decode("utf-8", "surrogatepass"))
            data = text.encode("utf-8", "surrogatepass")
            node = {**node, "v": name_of(data), "size": len(text)}
        self.blobs[node["v"]] = data
        return node


def marking(folders: Iterable[tuple[str, Path]]) -> Callable[[str], str]:
    """Return what puts marks in the place of folders, the first of them first."""
    patterns = [
        (re.compile(f"{_BEFORE}{re.escape(str(folder))}{_AFTER}"), mark)
        for mark, folder in folders
        if folder != Path(folder.anchor)
    ]

    def replace(text: str) -> str:
        for pattern, mark in patterns:
            text = pattern.sub(mark, text)
        return text

    return replace


def unmarking(marks: Mapping[str, Path]) -> Callable[[str], str]:
    """Return what puts the folders of this machine in the place of marks."""

    def replace(text: str) -> str:
        for mark, folder in marks.items():
            text = text.replace(mark, str(folder))
        return text

    return replace
