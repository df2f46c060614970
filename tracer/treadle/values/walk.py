"""The walk over a value that is not plain: tags, redacts, bounds and says what cannot be revived, all in one pass.

Exact built-in types are looked up in one table; other classes are sorted once and remembered. Nothing of a value's
own is called but its `__repr__`, where nothing else is known of it, and the `__str__` of an exception.
"""

from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import Any

from treadle import signals
from treadle.taught import TAUGHT
from treadle.values import bulk
from treadle.values.classes import type_name
from treadle.values.encoders import EXACT, LEAVES, TAG, Encoder
from treadle.values.instances import InstanceNames
from treadle.values.limits import (
    DEEPEST,
    KEPT_ITEMS,
    KEPT_VALUES,
    LONGEST_KEY,
    LONGEST_REPR,
    MARGIN,
    MOST_CLASSES,
    MOST_CONTAINERS,
    MOST_DIGESTED,
    MOST_UNITS,
    MOST_VALUES,
    TOLD_CUTS,
)
from treadle.values.pickles import pickled
from treadle.values.redact import Redactor, is_secret_field, mask
from treadle.values.secret_fields import HOLDERS, SecretText, all_texts, is_secret_pair, secret_held
from treadle.values.shapes import BY_SHAPE, NAMED_SHAPES, recorded_shape


class Walk:
    """One pass over one value."""

    __slots__ = ("_digestible", "_items", "_names", "_open", "_path", "_refusals", "_units", "_values", "keep",
                 "may_pickle", "redactor", "why")  # fmt: skip

    def __init__(self, redactor: Redactor, *, keep: bulk.Keep | None = None, may_pickle: bool = False) -> None:
        self.redactor = redactor
        self.keep = keep
        self.may_pickle = may_pickle
        self.why: str | None = None
        self._open: set[int] = set()
        self._path: list[str] = []
        self._names: InstanceNames | None = None
        self._items = self._values = self._refusals = 0
        self._units = self._digestible = MOST_UNITS

    def whole(self, value: Any) -> Any:
        """Return the tree of the value that was given, whatever happens on the way."""
        try:
            return self.tree(value)
        except (RecursionError, MemoryError):
            return self.cut(value, "too large to walk")
        except BaseException as error:  # noqa: BLE001 - a value's own code may raise anything, SystemExit too
            signals.pass_on(error)
            return self.cut(value, f"{type(error).__name__} was raised when it was read")

    def tree(self, value: Any) -> Any:
        """Return the value as plain JSON types and tagged objects."""
        try:
            encoder = _EXACT.get(type(value))
        except Exception as error:  # noqa: BLE001 - a metaclass may have no hash
            signals.pass_on(error)
            encoder = None
        return self._of_class(value) if encoder is None else encoder(self, value)

    def child(self, key: str, value: Any) -> Any:
        """Return the tree of what stands under a key of its parent."""
        return self.fields({key: value})[key]

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
        if self._items > MOST_CONTAINERS:
            return self.cut(value, f"more than {MOST_CONTAINERS:,} containers")
        held.add(identity)
        return None

    def leave(self, value: Any) -> None:
        """Take note that the container is done."""
        self._open.discard(id(value))

    def has_room(self, units: int) -> bool:
        """Count characters or bytes that are to be written; tell whether there is room for them."""
        if units > self._units:
            return False
        self._units -= units
        return True

    def digestible(self, units: int) -> int:
        """Count what is to be digested; return how much of it may be."""
        most = min(units, MOST_DIGESTED, self._digestible)
        self._digestible -= most
        return most

    def is_too_long(self, values: Collection[Any]) -> bool:
        """Count the values inside a collection; tell whether there are more than can be written."""
        return self.is_too_many(len(values))

    def is_too_many(self, count: int) -> bool:
        """Count values; tell whether there are more than can be written."""
        if self._values + count > MOST_VALUES:
            return True
        self._values += count
        return False

    def text(self, text: str) -> Any:
        """Return a string, redacted, bounded, and free of lone surrogates."""
        size = len(text)
        if size > bulk.SHORT_TEXT or size > self._units:
            return bulk.long_text(self, text)
        self._units -= size
        if not self.redactor.is_clean(text):
            return self.redacted(text)
        return text if text.isascii() else bulk.writable(text)

    def redacted(self, text: str) -> Any:
        """Return a string that may hold a secret: by its variable's name, masked, or as it is."""
        if (variable := self.redactor.variable(text)) is not None:
            return {TAG: "env", "v": variable}
        shown = self.redactor.text(text)
        if shown is not text and shown != text:
            self.refuse("a secret, which was not recorded")
            return {TAG: "secret", "v": bulk.written(self, shown)}
        return bulk.written(self, text)

    def is_plain_key(self, key: Any) -> bool:
        """Tell whether a dictionary's key can be a JSON object's."""
        if type(key) is not str or self.redactor.text(key) != key:
            return False
        return key.isascii() or type(bulk.writable(key)) is str

    def secret(self, text: str, *under: str) -> Any:
        """Replace a secret by the variable that holds it, or by a leaf that cannot be revived."""
        variable = self.redactor.variable(text)
        if variable is not None:
            return {TAG: "env", "v": variable}
        self.refuse("a secret, which was not recorded", *under)
        return {TAG: "secret", "v": bulk.writable(mask(text))}

    def cut_items(self, values: Collection[Any]) -> Any:
        """Keep the first items of a collection that is too long."""
        size = len(values)
        if self._values + KEPT_ITEMS > MOST_VALUES + KEPT_VALUES:
            return self.cut(values, f"{size:,} items")
        self._values += KEPT_ITEMS
        why = f"{size:,} items, {KEPT_ITEMS:,} kept"
        self.refuse(f"cut: {why}")
        first: Any = list(islice(values.items() if isinstance(values, dict) else values, KEPT_ITEMS))
        kept = {TAG: "dict", "v": self.pairs(first)} if isinstance(values, dict) else self.items(first)
        return {TAG: "cut", "of": type_name(type(values)), "v": kept, "size": size, "why": why}

    def cut(self, value: Any, why: str) -> Any:
        """Stand in for a container that is not followed; the first thousands say why."""
        self.refuse(f"cut: {why}")
        if self._refusals > TOLD_CUTS:
            return {TAG: "cut", "v": None}
        return {TAG: "cut", "of": type_name(type(value)), "v": None, "why": why}

    def opaque(self, value: Any, why: str) -> Any:
        """Stand in for a value without an encoder: its name in the program, its pickle, or only how it shows itself."""
        if (named := self._named(value)) is not None:
            return named
        if self.may_pickle and (tree := pickled(self, value)) is not None:
            return tree
        self.refuse(why)
        return {TAG: "opaque", "type": type_name(type(value)), "why": why, "repr": self._repr(value)}

    def refuse(self, why: str, *under: str) -> None:
        """Remember the first reason why this value cannot be revived, with its path."""
        self._refusals += 1
        if self.why is None:
            where = ".".join((*self._path, *under))
            self.why = str(bulk.shown(f"{where}: {why}" if where else why))

    def forgiving(self, act: Callable[[], Any]) -> Any:
        """Return what `act` does; what it refuses does not make the value unrevivable."""
        before = self.why, self._refusals
        tree = act()
        self.why, self._refusals = before
        return tree

    def fields(self, held: dict[str, Any]) -> dict[str, Any]:
        """Return the trees of named fields."""
        leaves = _LEAVES
        out = {}
        for name, value in held.items():
            try:
                encoder = leaves.get(type(value))
            except Exception as error:  # noqa: BLE001 - a metaclass may have no hash
                signals.pass_on(error)
                encoder = None
            if encoder is None:
                out[name] = self._under(name, value)
            elif type(value) is str and value and is_secret_field(name, value, held):
                out[name] = self.secret(value, name)
            else:
                out[name] = encoder(self, value)
        return out

    def pairs(self, held: Iterable[tuple[Any, Any]]) -> list[list[Any]]:
        """Return the trees of keys and values, for keys that JSON has no place for."""
        return [[self.tree(key), self.child(self._key_text(key), value)] for key, value in held]

    def items(self, values: Any) -> list[Any]:
        """Return the trees of a sequence; of a pair of a secret's name and its value, the value is hidden."""
        if is_secret_pair(values):
            return [self.tree(values[0]), self.secret(all_texts(values[1]))]
        exact = _EXACT
        out = []
        for value in values:
            try:
                encoder = exact.get(type(value))
            except Exception as error:  # noqa: BLE001 - a metaclass may have no hash
                signals.pass_on(error)
                encoder = None
            out.append(encoder(self, value) if encoder is not None else self._of_class(value))
        return out

    def _under(self, key: str, value: Any) -> Any:
        self._path.append(key)
        try:
            if issubclass(type(value), HOLDERS) and (secret := secret_held(key, value)) is not None:
                return self.secret(secret)
            return self.tree(value)
        finally:
            self._path.pop()

    def _of_class(self, value: Any) -> Any:
        before = self.why, self._refusals
        try:
            shape = _shape(type(value))
            tree = self.nested(value, lambda: BY_SHAPE[shape](self, value))
        except (RecursionError, MemoryError):
            return self.cut(value, "too large to walk")
        except BaseException as error:  # noqa: BLE001 - a value's own code may raise anything, SystemExit too
            signals.pass_on(error)
            return self.opaque(value, f"{type_name(type(value))} raised {type_name(type(error))} when it was read")
        if self._refusals > before[1] and shape in NAMED_SHAPES and (named := self._named(value)) is not None:
            self.why, self._refusals = before
            return named
        return tree

    def _named(self, value: Any) -> Any:
        if self._names is None:
            self._names = InstanceNames()
        name = self._names.name_of(value)
        return None if name is None else {TAG: "instance", "v": name, "type": type_name(type(value))}

    def _key_text(self, key: Any) -> str:
        """Return how a key is called in a path: without asking a class of the user's."""
        if type(key) is not str:
            key = repr(key) if key is None or type(key) in (bool, float, int, bytes) else type_name(type(key))
        return self.redactor.text(key[: LONGEST_KEY + MARGIN])[:LONGEST_KEY]

    def _repr(self, value: Any) -> Any:
        try:
            text = str.__getitem__(repr(value), slice(4 * LONGEST_REPR))
        except BaseException as error:  # noqa: BLE001 - as above
            signals.pass_on(error)
            return f"<{type_name(type(value))}, whose repr raised {type_name(type(error))}>"
        return bulk.shown(self.redactor.text(text)[:LONGEST_REPR])


def _shape(cls: type) -> str:
    shape = _SHAPES.get(cls)
    if shape is None:
        if len(_SHAPES) >= MOST_CLASSES:
            _SHAPES.clear()
        shape = _SHAPES[cls] = recorded_shape(cls)
    return "taught" if cls in TAUGHT else shape


_LEAVES: dict[type, Encoder] = {str: Walk.text, **LEAVES}
_EXACT: dict[type, Encoder] = {**_LEAVES, **EXACT, SecretText: lambda walk, value: walk.secret(str(value))}
_SHAPES: dict[type, str] = {}
