"""Values to tagged JSON: readable without importing anything, revivable into the same types.

Most values are plain: they are told in one look and written as they are. The rest is walked, once.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from treadle.values.bulk import Keep
from treadle.values.encoders import LARGEST_INT, SMALLEST_INT
from treadle.values.limits import INLINE_BYTES, PLAIN_CHARACTERS, PLAIN_SHARE
from treadle.values.redact import Redactor
from treadle.values.secret_fields import is_secret_pair
from treadle.values.walk import Walk


@dataclass(slots=True)  # frozen, or as a tuple, it would cost three times as much
class Encoded:
    """Tagged JSON, and why it cannot be revived where it cannot."""

    payload: bytes
    why: str | None


def encode(value: Any, redactor: Redactor, *, keep: Keep | None = None, may_pickle: bool = False) -> Encoded:
    """Return the tagged JSON of any value; never raises for what a value's own code does.

    - `keep`: writes long data to a blob and returns its name, a hex digest; without it, long data stays inline.
    - `may_pickle`: what has no encoder is pickled, unredacted, where it can be.
    """
    payload = plain_json(value, redactor)
    if payload is not None:
        return Encoded(payload, None)
    return walked(value, redactor, keep=keep, may_pickle=may_pickle)


def plain_json(value: Any, redactor: Redactor) -> bytes | None:
    """Return the JSON of a value that is written as it is; None of any other, which is to be walked."""
    try:
        return orjson.dumps(value) if _is_plain(value, redactor, PLAIN_CHARACTERS) else None
    except (RuntimeError, TypeError):  # another thread changed it meanwhile, or the stack is nearly used up
        return None


def walked(value: Any, redactor: Redactor, *, keep: Keep | None = None, may_pickle: bool = False) -> Encoded:
    """Return the tagged JSON of a value that is not plain, as `encode` does."""
    walk = Walk(redactor, keep=keep, may_pickle=may_pickle)
    tree = walk.whole(value)
    try:
        return Encoded(orjson.dumps(tree), walk.why)
    except TypeError as error:
        tree = walk.cut(value, f"cannot be written as JSON: {error}")
        return Encoded(orjson.dumps(tree), walk.why)


def _is_plain(value: Any, redactor: Redactor, most: int) -> bool:
    """Tell of a value that it would be written as it is: most are, and nothing has to be built for them."""
    cls = type(value)
    if cls is str:
        size = len(value)
        return size <= most and size <= INLINE_BYTES and redactor.is_clean(value) and value.isascii()
    if cls is int:
        return bool(SMALLEST_INT <= value <= LARGEST_INT)
    if cls is dict:
        most //= len(value) + 1
        return most >= PLAIN_SHARE and _are_plain(value.values(), redactor, most) and _are_plain_names(value, redactor)
    if cls is list:
        most //= len(value) + 1
        return most >= PLAIN_SHARE and _are_plain(value, redactor, most) and not is_secret_pair(value)
    if cls is float:
        return bool(value - value == 0)  # neither NaN nor an infinity
    return value is None or cls is bool


def _are_plain(values: Collection[Any], redactor: Redactor, most: int) -> bool:
    shortest, clean = redactor.shortest, redactor.clean
    for value in values:
        # Nearly every text is short, or was seen before: asked here, because a call costs as much again.
        if type(value) is str and ((size := len(value)) < shortest or (size <= most and hash(value) in clean)):
            if size > INLINE_BYTES or not value.isascii():
                return False
        elif type(value) is int:
            if not SMALLEST_INT <= value <= LARGEST_INT:
                return False
        elif not _is_plain(value, redactor, most):
            return False
    return True


def _are_plain_names(names: Collection[Any], redactor: Redactor) -> bool:
    known = redactor.plain_names
    for name in names:  # noqa: SIM110 - a generator would cost as much as what is in it
        if type(name) is not str or (name not in known and not redactor.is_plain_name(name)):
            return False
    return True
