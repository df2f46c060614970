"""Secrets out of what passes the store's door, by the tracer's own tables: also what came in before they knew of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from treadle.blobs import read_blob
from treadle.errors import BlobError
from treadle.values.redact import Redactor, is_secret_field, mask
from treadle.values.view import unwrap
from treadle_storage.censor import Censor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TREE_FAULTS = (Exception,)
"""A payload that was forged can be anything; what cannot be looked through does not leave."""
UNREADABLE = b'"\xe2\x80\xa6 (could not be looked through)"'


class Cleaning:
    """Masks secrets, and counts them."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.redactor = Redactor()
        self._censor = Censor(self.redactor, self.blob)
        self.secrets = 0

    def payload(self, tagged: bytes) -> bytes:
        """Return tagged JSON without secrets; the same object where there are none."""
        try:
            tree = orjson.loads(tagged)
            cleaned = self._censor.tree(tree)
            found = [each for each in self._censor.take_found() if each.is_new]
            self.secrets += len(found)
            return tagged if cleaned == tree else orjson.dumps(cleaned)
        except _TREE_FAULTS:
            return UNREADABLE

    def take_blobs(self) -> dict[str, bytes]:
        """Return what the payloads name that were let through since this was last asked."""
        taken, self._censor.blobs = self._censor.blobs, {}
        return {name: data for name, data in taken.items() if data}

    def attributes(self, held: Mapping[str, Any]) -> dict[str, Any]:
        """Return attributes without secrets."""
        return {self.text(name): self._named(name, value) for name, value in held.items()}

    def json_text(self, text: str | None) -> str | None:
        """Return JSON text without secrets; the same where there are none."""
        if text is None:
            return None
        data = text.encode()
        cleaned = self.payload(data)
        return text if cleaned is data else orjson.dumps(unwrap(orjson.loads(cleaned))).decode()

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        shown = self.redactor.text(text)
        self.secrets += shown != text
        return shown

    def _named(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            if not is_secret_field(name, value, {}):
                return self.text(value)
            self.secrets += 1
            return mask(value)
        if isinstance(value, list):
            return [self._named(name, item) for item in value]
        return self.attributes(value) if isinstance(value, dict) else value

    def blob(self, name: str) -> bytes:
        """Return what is in a blob, nothing where it is gone."""
        try:
            return read_blob(self._store, name)
        except BlobError:  # it is only named
            return b""
