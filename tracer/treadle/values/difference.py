"""Where two recorded values differ: by path, as a person would write it, `messages[0].content: 'hello' -> 'other'`.

What replay's digests do not count does not count here: the repr of a value that could not be recorded, the order of
keys. What they do count does: 1 is not 1.0, and a tuple is not a list.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final, Literal, cast

import orjson

from treadle.model import Json
from treadle.values.view import unwrap

TAG = "$"
SHOWN_CHARACTERS = 60
CONTEXT_CHARACTERS = 16
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two values differ."""

    path: str
    """From the top, `messages[0].content`; empty where the values differ as a whole."""
    change: Literal["changed", "added", "removed"]
    before: Json
    after: Json

    def __str__(self) -> str:
        """Return it on one line, long texts cut down to where they differ."""
        where = f"{self.path}: " if self.path else ""
        if self.change == "added":
            return f"{where}added {_short(self.after)}"
        if self.change == "removed":
            return f"{where}removed {_short(self.before)}"
        before, after = _shorten_pair(self.before, self.after)
        return f"{where}{before} -> {after}"


def first_difference(tagged_a: bytes | None, tagged_b: bytes | None) -> Difference | None:
    """Return the first place where two tagged values differ, or None where they count as equal."""
    return next(differences(tagged_a, tagged_b), None)


def differences(tagged_a: bytes | None, tagged_b: bytes | None) -> Iterator[Difference]:
    """Yield every place where two tagged values differ, in the order of the first one's keys."""
    if tagged_a == tagged_b:
        return
    before = _ABSENT if tagged_a is None else orjson.loads(tagged_a)
    after = _ABSENT if tagged_b is None else orjson.loads(tagged_b)
    yield from _walk(before, after, "")


def _walk(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before is _ABSENT or after is _ABSENT or type(before) is not type(after):
        yield _difference(path, before, after)
    elif isinstance(before, dict):
        if before.get(TAG) == after.get(TAG):
            yield from _walk_objects(before, after, path)
        else:
            yield _difference(path, before, after)
    elif isinstance(before, list):
        for position, (ours, theirs) in enumerate(zip_longest(before, after, fillvalue=_ABSENT)):
            yield from _walk(ours, theirs, f"{path}[{position}]")
    elif repr(before) != repr(after):  # -0.0 is not 0.0
        yield _difference(path, before, after)


def _walk_objects(before: dict[str, Any], after: dict[str, Any], path: str) -> Iterator[Difference]:
    tag = before.get(TAG)
    if tag == "opaque":
        if before.get("type") != after.get("type"):
            yield _difference(path, before, after)
        return
    if tag == "cut" and "digest" in before and before.get("digest") == after.get("digest"):
        return
    if tag == "dict":
        before, after = _as_object(before), _as_object(after)
    for key in (*before, *(key for key in after if key not in before)):
        yield from _walk(before.get(key, _ABSENT), after.get(key, _ABSENT), _below(path, tag, key))


def _as_object(tagged: dict[str, Any]) -> dict[str, Any]:
    pairs = tagged.get("v") or []
    return {orjson.dumps(unwrap(key)).decode(): value for key, value in pairs}


def _difference(path: str, before: Any, after: Any) -> Difference:
    if before is _ABSENT:
        return Difference(path, "added", None, cast("Json", unwrap(after)))
    if after is _ABSENT:
        return Difference(path, "removed", cast("Json", unwrap(before)), None)
    seen = unwrap(before), unwrap(after)
    # Where only the tags differ, unwrapping would hide what the difference is.
    told = (before, after) if type(seen[0]) is type(seen[1]) and seen[0] == seen[1] else seen
    return Difference(path, "changed", *told)


def _below(path: str, tag: str | None, key: str) -> str:
    """Return the path of a key; what a tagged value holds stands at the value's own path."""
    if tag == "dict":
        return f"{path}[{key}]"
    if tag is not None and key in {"v", "extra"}:
        return path
    if not _IDENTIFIER.match(key):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _shorten_pair(before: Json, after: Json) -> tuple[str, str]:
    """Show two values; two long texts from shortly before where they part."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return _short(before), _short(after)
    shorter = min(len(before), len(after))
    parting = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    if max(len(before), len(after)) <= SHOWN_CHARACTERS or parting <= CONTEXT_CHARACTERS:
        return _short(before), _short(after)
    start = parting - CONTEXT_CHARACTERS
    return f"…{_short(before[start:])}", f"…{_short(after[start:])}"


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
