"""Where secrets may stand in numpy's arrays: in elements that are bytes, and in fields whose names say so."""

from typing import Any

from treadle.values.secret_fields import SecretText
from treadle.values.secret_names import is_secret_name

NUMBER_KINDS = "biufcmM"
"""A number is no secret, whatever it is called."""


def text_of(array: Any) -> bytes:
    """Return the bytes of an array's elements that may be text: a break between two of them is none in memory."""
    dtype = array.dtype
    if dtype.names is not None:
        return b"\0".join(text_of(array[name]) for name in dtype.names)
    if dtype.kind == "S":
        return b"\0".join(array.ravel().tolist())
    if dtype.kind == "V":
        return bytes(array.tobytes())
    return number_text(array.tobytes()) if dtype.kind in "iu" and dtype.itemsize == 1 else b""


def number_text(data: bytes) -> bytes:
    """Return numbers of one byte where they are a text: pixels seldom are."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return b""
    return data


def has_secret_field(dtype: Any) -> bool:
    """Tell whether a field of a structured array, or one inside it, is named as secrets are."""
    return dtype.names is not None and any(_is_secret(name, dtype[name].base) for name in dtype.names)


def without_secret_fields(records: list[Any], dtype: Any) -> list[Any]:
    """Return the records as tuples in which the fields that are named as secrets are marked."""
    secret = [_is_secret(name, dtype[name].base) for name in dtype.names]
    return [
        tuple(SecretText("…") if is_secret else item for item, is_secret in zip(record, secret, strict=True))
        for record in records
    ]


def _is_secret(name: str, dtype: Any) -> bool:
    if dtype.names is not None:
        return has_secret_field(dtype)
    return dtype.kind not in NUMBER_KINDS and is_secret_name(name)
