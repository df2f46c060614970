"""Values to tagged JSON: readable without importing anything, revivable into the same types.

One walk does everything that must be done before a call goes on: it tags, redacts, bounds and says what cannot be
revived. Exact built-in types are looked up in one table; other classes are sorted once and remembered.
"""

from collections.abc import Callable, Collection
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

import orjson

from treadle.values.classes import type_name
from treadle.values.encoders import (
    BY_SHAPE,
    EXACT,
    LARGEST_INT,
    LEAVES,
    SMALLEST_INT,
    TAG,
    Encoder,
    recorded_shape,
    writable,
)
from treadle.values.redact import Redactor, is_secret_field, mask
from treadle.values.secret_fields import HOLDERS, SecretText, all_texts, is_secret_pair, secret_held

DEEPEST = 80
LONGEST_TEXT = 1_000_000
MOST_ITEMS = 200_000
MOST_VALUES = 5_000_000
KEPT_ITEMS = 1_000
LONGEST_REPR = 200
FEW_LEVELS = 3
FEW_ITEMS = 100
"""Of a value that is plain; together they bound what is written of one list that is held many times over."""


class Encoded(NamedTuple):
    """Tagged JSON, and why it cannot be revived where it cannot."""

    payload: bytes
    why: str | None


def encode(value: Any, redactor: Redactor) -> Encoded:
    """Return the tagged JSON of any value; never raises for what a value's own code does."""
    if _is_plain(value, redactor, FEW_LEVELS):
        return Encoded(orjson.dumps(value), None)
    walk = Walk(redactor)
    tree = walk.tree(value)
    return Encoded(orjson.dumps(tree), walk.why)


def _is_plain(value: Any, redactor: Redactor, levels: int) -> bool:
    """Tell of a small value that it would be written as it is: most are, and nothing has to be built for them."""
    cls = type(value)
    if cls is str:
        return len(value) <= LONGEST_TEXT and redactor.is_clean(value) and value.isascii()
    if cls is dict:
        return levels > 0 and _are_plain(value.values(), redactor, levels - 1) and _are_plain_names(value, redactor)
    if cls is list:
        return levels > 0 and _are_plain(value, redactor, levels - 1) and not is_secret_pair(value)
    if cls is int:
        return bool(SMALLEST_INT <= value <= LARGEST_INT)
    return value is None or cls is bool


def _are_plain(values: Collection[Any], redactor: Redactor, levels: int) -> bool:
    if len(values) > FEW_ITEMS:
        return False
    for value in values:  # noqa: SIM110 - a generator would cost as much as what is in it
        if not _is_plain(value, redactor, levels):
            return False
    return True


def _are_plain_names(names: Collection[Any], redactor: Redactor) -> bool:
    for name in names:  # noqa: SIM110 - as above
        if type(name) is not str or not redactor.is_plain_name(name):
            return False
    return True


class Walk:
    """One pass over one value."""

    __slots__ = ("_items", "_open", "_path", "_redactor", "_values", "why")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._open: set[int] = set()
        self._path: list[str] = []
        self._items = 0
        self._values = 0
        self.why: str | None = None

    def tree(self, value: Any) -> Any:
        """Return the value as plain JSON types and tagged objects."""
        encoder = _EXACT.get(type(value))
        if encoder is not None:
            return encoder(self, value)
        return self._of_class(value)

    def child(self, key: str, value: Any) -> Any:
        """Return the tree of what stands under a key of its parent."""
        return self.fields({key: value})[key]

    def _under(self, key: str, value: Any) -> Any:
        self._path.append(key)
        try:
            if issubclass(type(value), HOLDERS) and (secret := secret_held(key, value)) is not None:
                return self.secret(secret)
            return self.tree(value)
        finally:
            self._path.pop()

    def nested(self, value: Any, encode_inside: Callable[[], Any]) -> Any:
        """Encode what is inside a container, unless it is not followed."""
        cut = self.enter(value)
        if cut is not None:
            return cut
        try:
            return encode_inside()
        finally:
            self.leave(value)

    def enter(self, value: Any) -> Any:
        """Guard a container against cycles, depth and size: return what stands in for it where it is not followed."""
        self._items += 1
        held = self._open
        identity = id(value)
        if identity in held:
            return self.cut(value, "a cycle")
        if len(held) >= DEEPEST:
            return self.cut(value, f"deeper than {DEEPEST}")
        if self._items > MOST_ITEMS:
            return self.cut(value, f"more than {MOST_ITEMS:,} containers")
        held.add(identity)
        return None

    def leave(self, value: Any) -> None:
        """Take note that the container is done."""
        self._open.discard(id(value))

    def secret(self, text: str) -> Any:
        """Replace a secret by the variable that holds it, or by a leaf that cannot be revived."""
        variable = self._redactor.variable(text)
        if variable is not None:
            return {TAG: "env", "v": variable}
        self.refuse("a secret, which was not recorded")
        return {TAG: "secret", "v": mask(text)}

    def text(self, text: str) -> Any:
        """Return a string, redacted, bounded, and free of lone surrogates."""
        if len(text) > LONGEST_TEXT:
            return self.cut_text(text)
        if self._redactor.is_clean(text):
            return text if text.isascii() else writable(text)
        if (variable := self._redactor.variable(text)) is not None:
            return {TAG: "env", "v": variable}
        shown = self._redactor.text(text)
        if shown is not text and shown != text:
            self.refuse("a secret, which was not recorded")
            return {TAG: "secret", "v": writable(shown)}
        return text if text.isascii() else writable(text)

    def is_plain_key(self, key: Any) -> bool:
        """Tell whether a dictionary's key can be a JSON object's."""
        if type(key) is not str or self._redactor.text(key) != key:
            return False
        return key.isascii() or type(writable(key)) is str

    def secret_bytes(self, value: bytes | bytearray) -> Any:
        """Return what stands in for bytes that hold a secret; None for others."""
        shown = self._redactor.masked_bytes(value)
        if shown is None:
            return None
        self.refuse("a secret, which was not recorded")
        return {TAG: "secret", "v": writable(shown)}

    def cut_text(self, text: str) -> Any:
        """Keep the beginning of a long text, its length, and the digest of all of it."""
        self.refuse(f"cut: {len(text):,} characters, {LONGEST_TEXT:,} kept")
        whole = blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        return {
            TAG: "cut",
            "of": "str",
            "v": writable(self._redactor.text(text[:LONGEST_TEXT])),
            "size": len(text),
            "digest": whole,
        }

    def cut_bytes(self, value: bytes | bytearray) -> Any:
        """Keep the length of long bytes, and the digest of all of them."""
        self.refuse(f"cut: {len(value):,} bytes")
        whole = blake2b(value, digest_size=16).hexdigest()
        why = f"{len(value):,} bytes"
        return {TAG: "cut", "of": type(value).__name__, "v": None, "size": len(value), "digest": whole, "why": why}

    def cut_items(self, values: Collection[Any]) -> Any:
        """Keep the first items of a collection that is too long."""
        why = f"{len(values):,} items, {KEPT_ITEMS:,} kept"
        self.refuse(f"cut: {why}")
        first: Any = list(islice(values.items() if isinstance(values, dict) else values, KEPT_ITEMS))
        kept = self.fields({str(key): value for key, value in first}) if isinstance(values, dict) else self.items(first)
        return {TAG: "cut", "of": type_name(type(values)), "v": kept, "size": len(values), "why": why}

    def is_too_long(self, values: Collection[Any]) -> bool:
        """Count the values inside a collection; tell whether there are more than can be written."""
        self._values += len(values)
        if self._values <= MOST_VALUES:
            return False
        self._values -= len(values)
        return True

    def cut(self, value: Any, why: str) -> Any:
        """Stand in for a container that is not followed."""
        self.refuse(f"cut: {why}")
        return {TAG: "cut", "of": type_name(type(value)), "v": None, "why": why}

    def opaque(self, value: Any, why: str) -> Any:
        """Stand in for a value that cannot be revived: its type, why, and how it shows itself."""
        self.refuse(why)
        return {TAG: "opaque", "type": type_name(type(value)), "why": why, "repr": self._repr(value)}

    def refuse(self, why: str) -> None:
        """Remember the first reason why this value cannot be revived, with its path."""
        if self.why is None:
            where = ".".join(self._path)
            self.why = f"{where}: {why}" if where else why

    def fields(self, held: dict[str, Any]) -> dict[str, Any]:
        """Return the trees of named fields."""
        leaves = _LEAVES
        out = {}
        for name, value in held.items():
            encoder = leaves.get(type(value))
            if encoder is None:
                out[name] = self._under(name, value)
            elif type(value) is str and value and is_secret_field(name, value, held):
                out[name] = self.secret(value)
            else:
                out[name] = encoder(self, value)
        return out

    def items(self, values: Any) -> list[Any]:
        """Return the trees of a sequence; of a pair of a secret's name and its value, the value is hidden."""
        if is_secret_pair(values):
            return [self.tree(values[0]), self.secret(all_texts(values[1]))]
        exact = _EXACT
        out = []
        for value in values:
            encoder = exact.get(type(value))
            out.append(encoder(self, value) if encoder is not None else self._of_class(value))
        return out

    def _of_class(self, value: Any) -> Any:
        cls = type(value)
        shape = _SHAPES.get(cls)
        if shape is None:
            shape = _SHAPES[cls] = recorded_shape(cls)
        try:
            return self.nested(value, lambda: BY_SHAPE[shape](self, value))
        except (RecursionError, MemoryError):
            return self.cut(value, "too large to walk")
        except Exception as error:  # noqa: BLE001 - a value's own code may raise anything, and must not reach the user
            return self.opaque(value, f"{cls.__qualname__} raised {type(error).__name__} when it was read")

    def _repr(self, value: Any) -> str:
        try:
            text = repr(value)
        except Exception as error:  # noqa: BLE001 - as above
            return f"<{type(value).__qualname__}, whose repr raised {type(error).__name__}>"
        return str(writable(self._redactor.text(text[:LONGEST_REPR])))


_LEAVES: dict[type, Encoder] = {str: Walk.text, **LEAVES}
_EXACT: dict[type, Encoder] = {**_LEAVES, **EXACT, SecretText: lambda walk, value: walk.secret(str(value))}
_SHAPES: dict[type, str] = {}
