"""Secrets out of a recording that leaves the machine: the tables of the tracer again, over what was recorded.

What was recorded before a table knew of a secret, by another Treadle, or with another environment, is found here.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.values.redact import Redactor, is_secret_field, is_secret_name, mask
from treadle.values.secret_fields import is_secret_pair

TAG = "$"
SHOWN_CHARACTERS = 200
RAW = frozenset({"ndarray", "scalar", "image", "array", "memoryview", "pandas"})
"""Tags whose `v` may be raw data, in which no text is looked for."""
BYTES = frozenset({"bytes", "bytearray"})
Load = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """A secret that was taken out, or that was recorded without its value."""

    path: str
    """Where in the value, `headers.authorization`; empty for the whole of it."""
    shown: str
    """What is left of it."""
    is_new: bool
    """Whether it was taken out now; else it was never recorded."""


class Censor:
    """Goes over tagged values, and remembers what it found; `take_found` hands that out."""

    def __init__(self, redactor: Redactor, load: Load) -> None:
        self._redactor = redactor
        self._load = load
        self._found: list[Found] = []
        self.variables: set[str] = set()
        """The environment variables that secrets are read from."""
        self.blobs: dict[str, bytes] = {}
        """What the values name that were let through."""

    def take_found(self) -> tuple[Found, ...]:
        """Return what was found since this was last asked."""
        found, self._found = tuple(self._found), []
        return found

    def tree(self, tree: Any, path: str = "") -> Any:
        """Return a value without secrets."""
        if isinstance(tree, str):
            return self._text(tree, path)
        if isinstance(tree, list):
            return self._items(tree, path)
        if not isinstance(tree, dict):
            return tree
        if TAG in tree:
            return self._tagged(tree, path)
        return {self._key(name, path): self._named(name, item, tree, path) for name, item in tree.items()}

    def _text(self, text: str, path: str) -> Any:
        if (variable := self._redactor.variable(text)) is not None:
            return self._variable(variable, path)
        shown = self._redactor.text(text)
        return text if shown == text else self._secret(path, shown)

    def _key(self, name: str, path: str) -> str:
        shown = self._redactor.text(name)
        if shown != name:
            self._found.append(Found(path, shown[:SHOWN_CHARACTERS], is_new=True))
        return shown

    def _items(self, items: Sequence[Any], path: str) -> list[Any]:
        texts = [_text_of(item) for item in items]
        if is_secret_pair(texts):
            return [items[0], self._hidden(texts[1] or "", f"{path}[1]")]
        return [self.tree(item, f"{path}[{number}]") for number, item in enumerate(items)]

    def _named(self, name: str, value: Any, beside: Mapping[str, Any], path: str) -> Any:
        """Return what stands under a name, which may say that it is a secret."""
        here = f"{path}.{name}" if path else name
        if is_secret_name(name):
            items = value if isinstance(value, list) else [value]
            texts = [_text_of(item) for item in items]
            held = " ".join(text for text in texts if text)
            if held and None not in texts and (isinstance(value, list) or is_secret_field(name, held, beside)):
                return self._hidden(held, here)
        return self.tree(value, here)

    def _tagged(self, tree: dict[str, Any], path: str) -> Any:
        tag, value = tree[TAG], tree.get("v")
        if tag == "secret":
            self._found.append(Found(path, str(value), is_new=False))
            return tree
        if tag == "env":
            self.variables.add(str(value))
            return tree
        if tag == "blob":
            return self._blob(tree, path)
        if tag == "pickle":  # nobody can look for secrets in it, and no fixture is trusted to load one
            return {**tree, "v": None}
        if tag == "dict" and isinstance(value, list):
            return {**tree, "v": [self._pair(key, item, path) for key, item in value]}
        if tag in ("str", *BYTES) and isinstance(value, str):
            shown = self._redactor.masked_bytes(b64decode(value))
            return tree if shown is None else self._secret(path, shown)
        return self._members(tree, path)

    def _members(self, tree: dict[str, Any], path: str) -> Any:
        kept: dict[str, Any] = {}
        known = len(self._found)
        for name, item in tree.items():
            if name in (TAG, "type") or (name == "v" and isinstance(item, str) and tree[TAG] in RAW):
                kept[name] = item
            elif not isinstance(item, str):
                kept[name] = self.tree(item, path)
            else:
                kept[name] = self._redactor.text(item)
                if kept[name] != item and name == "v":
                    return self._secret(path, kept[name])
        told = [name for name, item in tree.items() if isinstance(item, str) and kept[name] != item]
        if told and len(self._found) == known:  # the message of an error says again what its arguments do
            self._found.append(Found(path, kept[told[0]][:SHOWN_CHARACTERS], is_new=True))
        return kept

    def _pair(self, key: Any, value: Any, path: str) -> list[Any]:
        name = _text_of(key)
        if name is None:
            return [self.tree(key, path), self.tree(value, f"{path}[…]")]
        return [self.tree(key, path), self._named(name, value, {}, path)]

    def _blob(self, tree: dict[str, Any], path: str) -> Any:
        data = self._load(tree["v"])
        if tree.get("of") == "str":
            text = data.decode("utf-8", "surrogatepass")
            kept = self._text(text, path)
            if kept is not text:
                return kept
        elif (shown := self._redactor.masked_bytes(data)) is not None:
            return self._secret(path, shown)
        self.blobs[tree["v"]] = data
        return tree

    def _hidden(self, text: str, path: str) -> dict[str, Any]:
        """Return what stands for a text that is a secret whatever it looks like."""
        variable = self._redactor.variable(text)
        return self._variable(variable, path) if variable is not None else self._secret(path, mask(text))

    def _variable(self, variable: str, path: str) -> dict[str, Any]:
        self.variables.add(variable)
        self._found.append(Found(path, f"${{{variable}}}", is_new=True))
        return {TAG: "env", "v": variable}

    def _secret(self, path: str, shown: str) -> dict[str, Any]:
        self._found.append(Found(path, shown[:SHOWN_CHARACTERS], is_new=True))
        return {TAG: "secret", "v": shown}


def has_tag(tree: Any, *tags: str) -> bool:
    """Tell whether anything in a value has one of these tags."""
    if isinstance(tree, dict):
        return tree.get(TAG) in tags or any(has_tag(item, *tags) for item in tree.values())
    return isinstance(tree, list) and any(has_tag(item, *tags) for item in tree)


def _text_of(node: Any) -> str | None:
    """Return the text of a plain or tagged text, or of bytes; None for what is neither."""
    if isinstance(node, str):
        return node
    if isinstance(node, dict) and node.get(TAG) in BYTES and isinstance(node.get("v"), str):
        return b64decode(node["v"]).decode("latin-1")
    return None
