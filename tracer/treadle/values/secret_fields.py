"""Secrets that are no plain text under their name: bytes, lists of texts, pairs such as `(b"cookie", b"...")`."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

from treadle.values.secret_names import is_secret_field, is_secret_name
from treadle.values.secret_shapes import looks_generated

HOLDERS = (str, bytes, bytearray, list, tuple)
"""Types whose values may hold a secret that their name tells of; other containers have names of their own inside."""
_TEXTS = (str, bytes, bytearray)
LONGEST_NAME = 100
WORDS_OF_A_SENTENCE = 3
"""A text with as many spaces is no name: two texts side by side mostly are sentences."""
_HEADERS = ("authorization", "cookie", "x-", "api-key", "ocp-apim")


class SecretText(str):
    """A text that is known to be a secret, whatever it looks like."""

    __slots__ = ()


def marked_options(arguments: Sequence[Any]) -> list[str]:
    """Return a command line in which the values of secret options are marked: `--token x`, `--password=x`."""
    marked: list[str] = []
    option = ""
    for argument in map(str, arguments):
        name, _, value = argument.partition("=")
        is_secret = is_secret_name(name) and bool(value) if argument.startswith("-") else is_secret_name(option)
        marked.append(SecretText(argument) if is_secret else argument)
        option = argument.lstrip("-") if argument.startswith("-") and not value else ""
    return marked


def secret_held(name: str, value: Any) -> str | None:
    """Return the secret that stands under a name as bytes or as texts in a list; None where there is none."""
    cls = type(value)
    if not is_secret_name(name) or issubclass(cls, Enum):
        return None
    if issubclass(cls, _TEXTS):
        text = all_texts(value)
        return text if text and is_secret_field(name, text, {}) else None
    if cls not in (list, tuple) or not all(issubclass(type(item), _TEXTS) for item in value):
        return None
    return " ".join(map(all_texts, value)) or None


def is_secret_pair(values: Any) -> bool:
    """Tell whether a sequence is the name of a secret and its value, as headers are held in lists of pairs."""
    if type(values) not in (list, tuple) or len(values) != 2:
        return False
    first, second = values
    if type(first) is str and first.count(" ") >= WORDS_OF_A_SENTENCE:
        return False
    if not (_is_text(first) and _is_text(second)) or not second or len(first) > LONGEST_NAME:
        return False
    name, value = all_texts(first), all_texts(second)
    if not is_secret_field(name, value, {}):
        return False
    return any(part in name.lower() for part in _HEADERS) or looks_generated(value)


def _is_text(value: Any) -> bool:
    """Compare by identity: a class of the user's may refuse to be compared."""
    return type(value) is str or type(value) is bytes


def all_texts(value: Any) -> str:
    """Return a text, or bytes read as one."""
    if issubclass(type(value), str):
        return str.__getitem__(value, slice(None))
    return bytes.decode(bytes(memoryview(value)), "latin-1")
