"""What is long: texts and raw data, inline, in a blob, or cut."""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

from treadle import signals
from treadle.values.limits import (
    INLINE_BYTES,
    LONGEST_BLOB_BYTES,
    LONGEST_BLOB_TEXT,
    LONGEST_BYTES,
    LONGEST_TEXT,
    MARGIN,
)

if TYPE_CHECKING:
    from treadle.values.walk import Walk

TAG = "$"
SHORT_TEXT = INLINE_BYTES // 4
"""A text of no more characters than these has no more bytes in UTF-8 than stay inline."""

_BLOB_NAME = re.compile("[0-9a-f]{8,128}")
Keep: TypeAlias = Callable[[bytes], str]
"""Writes bytes to a blob and returns its name, a hex digest of them."""


def is_blob_name(name: Any) -> bool:
    """Tell whether this is what a blob can be called: a path would lead elsewhere."""
    return isinstance(name, str) and _BLOB_NAME.fullmatch(name) is not None


def writable(text: str) -> Any:
    """Tag a string that UTF-8 cannot hold: an escaped lone surrogate would make readers reject the line."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return {TAG: "str", "v": b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return text


def shown(text: str) -> str:
    """Return the text with lone surrogates shown as escapes, where it is only to be read."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def long_text(walk: "Walk", text: str) -> Any:
    """Return a string that may be too long to stay inline, or to be kept whole."""
    most = LONGEST_TEXT if walk.keep is None else LONGEST_BLOB_TEXT
    if len(text) > most or not walk.has_room(len(text)):
        return _cut_text(walk, text)
    return written(walk, text) if walk.redactor.is_clean(text) else walk.redacted(text)


def written(walk: "Walk", text: str) -> Any:
    """Return a redacted text, in a blob where it is long."""
    if len(text) <= SHORT_TEXT or walk.keep is None:
        return text if text.isascii() else writable(text)
    data = text.encode("utf-8", "surrogatepass")
    name = _blob(walk, data) if len(data) > INLINE_BYTES else None
    if name is None:
        return writable(text)
    return {TAG: "blob", "of": "str", "v": name, "size": len(text)}


def fits(walk: "Walk", size: int) -> bool:
    """Count raw data that is to be written; tell whether so many bytes are kept."""
    most = LONGEST_BYTES if walk.keep is None else LONGEST_BLOB_BYTES
    return size <= most and walk.has_room(size)


def cut_raw(walk: "Walk", size: int, read: Callable[[int], bytes]) -> dict[str, Any] | None:
    """Return what stands for raw data that is too long to be kept, or None where it is not too long.

    - `size`: how many bytes there are.
    - `read`: returns so many of them from the beginning.
    """
    if fits(walk, size):
        return None
    why = f"{size:,} bytes"
    walk.refuse(f"cut: {why}")
    return {TAG: "cut", "v": None, "size": size, "why": why, **_digested(walk, size, read)}


def masked(walk: "Walk", data: bytes | bytearray) -> Any:
    """Return what stands for bytes with a secret in them; None where there is none."""
    shown = walk.redactor.masked_bytes(data)
    if shown is None:
        return None
    walk.refuse("a secret, which was not recorded")
    return {TAG: "secret", "v": written(walk, shown)}


def raw(walk: "Walk", data: bytes | bytearray) -> Any:
    """Return raw data as base64 text, or as the node of a blob where it is long: the only way that it is written."""
    name = _blob(walk, bytes(data)) if len(data) > INLINE_BYTES else None
    if name is None:
        return b64encode(data).decode()
    return {TAG: "blob", "of": "bytes", "v": name, "size": len(data)}


def _blob(walk: "Walk", data: bytes) -> str | None:
    """Return the name of the blob that the data was written to; None where there is none: it stays inline."""
    if walk.keep is None:
        return None
    try:
        return walk.keep(data)
    except OSError as error:
        signals.pass_on(error)
        walk.keep = None
        return None


def _cut_text(walk: "Walk", text: str) -> Any:
    """Keep the beginning of a long text, its length, and the digest of all of it."""
    kept = min(LONGEST_TEXT, len(text))
    if not walk.has_room(kept):
        return walk.cut(text, f"{len(text):,} characters")
    walk.refuse(f"cut: {len(text):,} characters, {kept:,} kept")
    digested = _digested(walk, len(text), lambda most: text[:most].encode("utf-8", "surrogatepass"))
    beginning = written(walk, walk.redactor.text(text[: kept + MARGIN])[:kept])
    return {TAG: "cut", "of": "str", "v": beginning, "size": len(text), **digested}


def _digested(walk: "Walk", size: int, read: Callable[[int], bytes]) -> dict[str, str]:
    """Return the digest of what is cut, by which a replay knows it again; of the beginning where it is enormous."""
    most = walk.digestible(size)
    digest = blake2b(read(most), digest_size=16).hexdigest()
    return {"digest" if size <= most else "beginning": digest}
