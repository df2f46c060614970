"""Names of a recording in today's code.

A store names code, so it is not trusted because it is there: only modules of the project and of trusted libraries are
imported, and only their classes are built.
"""

import importlib
import importlib.util
import sys
import types
from typing import Any

from treadle.errors import NotReplayableError
from treadle.values.classes import (
    TRUSTED_MODULES,
    TRUSTED_PACKAGES,
    fields_of,
    held_by,
    is_project_file,
    may_be_built,
    may_be_raised,
    members_of,
    mro_of,
)

imports_more = True
"""Whether a recorded value may have a module of the project imported: where nobody signed it, it may not."""
MAIN_ALIASES: dict[str, str] = {}
"""Names that modules are loaded under in a replay, by the names they had: `__main__` is loaded as another."""


def find_class(name: str) -> type:
    """Return the class `module:qualname`, if it may be built.

    Raises:
        NotReplayableError: it is gone, or is neither the project's nor of a trusted library.

    """
    found = find_object(name)
    if type not in mro_of(type(found)):
        raise NotReplayableError(f"{name} is not a class any more")
    if not (may_be_built(found) or may_be_raised(found)):
        raise NotReplayableError(f"{name} is neither the project's nor trusted: it is not built from a recording")
    return found  # type: ignore[no-any-return]


def find_object(name: str) -> Any:
    """Return what `module:qualname` names today.

    Raises:
        NotReplayableError: the module does not import, or has no such name.

    """
    module_name, _, qualname = name.partition(":")
    parts = qualname.split(".")
    found = held_by(find_module(module_name)).get(parts[0])
    for part in parts[1:]:
        found = _held_under(part, found)
    if found is None:
        raise NotReplayableError(f"{qualname} is no longer in {module_name}")
    return found.__func__ if type(found) is staticmethod else found


def _held_under(name: str, holder: Any) -> Any:
    """Return what a class or an instance holds under a name: no property runs for a recording, and no `__getattr__`."""
    if issubclass(type(holder), types.ModuleType):
        return None
    return members_of(holder).get(name) if type in mro_of(type(holder)) else fields_of(holder).get(name)


def find_module(name: str) -> types.ModuleType:
    """Return the module that had this name, imported if it is the project's or trusted.

    Raises:
        NotReplayableError: it may not be imported, or cannot be.

    """
    name = MAIN_ALIASES.get(name, name)
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    if not _may_be_imported(name):
        raise NotReplayableError(f"{name} is neither the project's nor trusted: it is not imported for a recording")
    if not imports_more and not _is_trusted(name):
        raise NotReplayableError(
            f"{name} is not imported for a recording that is not this user's own: import it where the program starts"
        )
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise NotReplayableError(f"{name} does not import any more: {error}") from error


def _is_trusted(name: str) -> bool:
    return name.partition(".")[0] in TRUSTED_PACKAGES or name in TRUSTED_MODULES


def _may_be_imported(name: str) -> bool:
    package = name.partition(".")[0]
    if _is_trusted(name):
        return True
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return True  # it is gone, which importing it says best
    places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
    return any(place is not None and is_project_file(place) for place in places)
