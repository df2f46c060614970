"""Places inside a value, as JSONPath writes them: `$.messages[0].content`, `$['a key'][-1]`.

Of JSONPath (RFC 9535) only names and indices: a place is one place.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from treadle.errors import UsageError

Path = tuple[str | int, ...]

_PART = re.compile(
    r"""\.(?P<name>[^.\[\]'"]+)|\[(?P<index>-?\d+)\]|\[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]""", re.DOTALL
)


def parse(text: str) -> Path:
    """Return the parts of a path; `$` alone, or nothing, is the whole value.

    Raises:
        UsageError: it is written in another way.

    """
    rest = text.removeprefix("$")
    if rest and rest[0] not in ".[":
        rest = f".{rest}"
    parts: list[str | int] = []
    at = 0
    while at < len(rest):
        found = _PART.match(rest, at)
        if found is None:
            raise UsageError(f"the path {text!r} is not understood at {rest[at:]!r}: write $.messages[0].content")
        at = found.end()
        index = found["index"]
        parts.append(int(index) if index is not None else found["name"] or found["key"])
    return tuple(parts)


def shown(path: Path) -> str:
    """Return a path as it is written."""
    return "$" + "".join(map(_shown, path))


def _shown(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    quote = '"' if "'" in part else "'"
    return f".{part}" if _PART.fullmatch(f".{part}") else f"[{quote}{part}{quote}]"


def at(value: Any, path: Path) -> Any:
    """Return what stands at a path; None where there may be something, and is not yet.

    Raises:
        UsageError: there is no such place; the message names the part that is not there.

    """
    for depth, part in enumerate(path):
        if _is_new_key(value, path[depth:]):
            return None
        value = _inside(value, part, path[: depth + 1])
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return the value with another at a path; what is around that is copied, and nothing is changed in place.

    Raises:
        UsageError: there is no such place, or what is around it cannot be copied.

    """
    return _replaced(value, path, new, ())


def _replaced(value: Any, path: Path, new: Any, above: Path) -> Any:
    if not path:
        return new
    part, here = path[0], (*above, path[0])
    inner = new if _is_new_key(value, path) else _replaced(_inside(value, part, here), path[1:], new, here)
    try:
        return _with(value, part, inner)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{shown(here)} cannot be changed: {type(error).__name__}: {error}") from error


def _is_new_key(value: Any, path: Path) -> bool:
    return len(path) == 1 and isinstance(value, Mapping) and isinstance(path[0], str) and path[0] not in value


def _with(value: Any, part: str | int, inner: Any) -> Any:
    """Return a copy of a container or an object with one member replaced, without running what makes a new one."""
    if isinstance(value, tuple):
        items = list(value)
        items[part if isinstance(part, int) else value._fields.index(part)] = inner  # type: ignore[attr-defined]
        return type(value)._make(items) if hasattr(value, "_make") else tuple(items)
    copied = copy.copy(value)
    if isinstance(value, Mapping | list):
        copied[part] = inner
    elif hasattr(value, "model_copy"):
        return value.model_copy(update={str(part): inner})
    else:
        object.__setattr__(copied, str(part), inner)
    return copied


def _inside(value: Any, part: str | int, here: Path) -> Any:
    try:
        if isinstance(part, int) or isinstance(value, Mapping):
            return value[part]
        return getattr(value, part)
    except (LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"there is no {shown(here)} in what is to be changed") from error
