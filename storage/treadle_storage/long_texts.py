"""Texts in blobs: in the index by their beginning, for a step that is looked at whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from treadle.blobs import read_blob
from treadle.errors import BlobError

if TYPE_CHECKING:
    from pathlib import Path

INDEXED_BYTES = 1024 * 1024
"""So much of a text can be searched; the rest is read when somebody looks."""
_MARK = b'"blob"'


class IndexedTexts:
    """Reads the beginnings of blobs, and counts what it read."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.read_bytes = 0

    def load(self, name: str) -> bytes:
        """Return the text that stands for a blob in the index.

        Raises:
            BlobError: it is not there, or is not what its name says.

        """
        data = read_blob(self._store, name)
        self.read_bytes += min(len(data), INDEXED_BYTES)
        if len(data) <= INDEXED_BYTES:
            return data
        beginning = data[:INDEXED_BYTES].decode(errors="ignore").encode()
        return beginning + f"… ({len(data):,} bytes in all)".encode()


def with_long_texts(tagged: bytes | None, store: Path) -> bytes | None:
    """Return a payload with the texts of its blobs in their places; a blob that is gone stays named.

    A payload that is nested more deeply than can be filled in, or written again, stays as it stands.
    """
    if tagged is None or _MARK not in tagged:
        return tagged
    try:
        return orjson.dumps(_filled(orjson.loads(tagged), store))
    except (RecursionError, TypeError, ValueError):
        return tagged


def _filled(tree: Any, store: Path) -> Any:
    if isinstance(tree, list):
        return [_filled(item, store) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("$") == "blob" and tree.get("of") == "str":
        return _text(tree, store)
    return {key: _filled(value, store) for key, value in tree.items()}


def _text(node: dict[str, Any], store: Path) -> Any:
    try:
        return read_blob(store, str(node.get("v"))).decode()
    except (BlobError, UnicodeDecodeError):
        return node
