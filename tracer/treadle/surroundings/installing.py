"""Puts what records in the place of the functions that read the surroundings, and takes it out again.

It stands in the modules that have them, and where a module of the project took one by `from time import time`. What
asks is recorded where it is code of the project and a traced call is current; for all others it is the function itself.
What keeps a function elsewhere, a default or a field's factory that was made before, keeps that.
"""

import importlib
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import treadle
from treadle import guard
from treadle.importlib_bootstrap.stand_in import standing_for
from treadle.lanes import CURRENT
from treadle.settings import settings
from treadle.surroundings import dates
from treadle.surroundings.asking import asked
from treadle.surroundings.groups import GROUPS, groups_of_environment
from treadle.values.classes import held_by, is_project_file, is_project_module

OWN_FOLDER = str(Path(treadle.__file__).parent)
MOST_REMEMBERED = 4096

_originals: dict[str, Any] = {}
"""By name, what stands elsewhere now."""
_stand_ins: dict[str, Any] = {}
_required: set[str] = set()
_own_files: dict[str, bool] = {}


def follow() -> None:
    """Install what the settings or else the environment name, and what a replay requires; take out all else."""
    chosen = settings().record
    if chosen is None:
        chosen = guard.attempt(groups_of_environment) or ()
    groups = {*chosen, *_required}
    wanted = {name for group in groups for name in GROUPS[group]}
    _take_out([name for name in _stand_ins if name not in wanted])
    _put_in([name for name in sorted(wanted) if name not in _stand_ins])
    if "clock" in groups:
        dates.put_in(lambda: _is_asked(sys._getframe(2)))  # noqa: SLF001 - who asks
    else:
        dates.take_out()


def require(groups: Iterable[str]) -> None:
    """Install groups whatever the program says: its recording has them."""
    _required.update(groups)
    follow()


def _put_in(names: list[str]) -> None:
    replaced: dict[int, Any] = {}
    for name in names:
        module_name, _, attribute = name.partition(".")
        module = importlib.import_module(module_name)
        original = getattr(module, attribute, None)
        if original is None:  # of a newer Python
            continue
        _originals[name] = original
        _stand_ins[name] = standing_for(original, _asking(name, original))
        setattr(module, attribute, _stand_ins[name])
        replaced[id(original)] = _stand_ins[name]
    _exchange(replaced)


def _take_out(names: list[str]) -> None:
    replaced: dict[int, Any] = {}
    stand_ins = [_stand_ins.pop(name) for name in names]  # kept, so that no other object gets their ids
    for name, stand_in in zip(names, stand_ins, strict=True):
        module_name, _, attribute = name.partition(".")
        module = sys.modules[module_name]
        if getattr(module, attribute) is stand_in:  # else somebody has put something around it since
            setattr(module, attribute, _originals[name])
        replaced[id(stand_in)] = _originals.pop(name)
    _exchange(replaced)


def _exchange(replaced: dict[int, Any]) -> None:
    """Put others in the place of what the modules of the project hold by a name of theirs."""
    if not replaced:
        return
    for held in _held_by_project():
        for name, value in list(held.items()):
            other = replaced.get(id(value))
            if other is not None:
                held[name] = other


def _held_by_project() -> Iterator[dict[str, Any]]:
    for name, module in list(sys.modules.items()):
        held = held_by(module)
        if is_project_module(name) and not str(held.get("__file__")).startswith(OWN_FOLDER):
            yield held


def _asking(name: str, original: Any) -> Any:
    record = asked(name, original)

    def ask(*args: Any, **kwargs: Any) -> Any:
        if not _is_asked(sys._getframe(1)):  # noqa: SLF001 - who asks
            return original(*args, **kwargs)
        return record(*args, **kwargs)

    return ask


def _is_asked(frame: types.FrameType) -> bool:
    """Tell whether code of the project asks, in a traced call."""
    return CURRENT.get() is not None and _is_project(frame)


def _is_project(frame: types.FrameType) -> bool:
    file = frame.f_code.co_filename
    known = _own_files.get(file)
    if known is not None:
        return known
    if file.startswith("<"):  # a dataclass writes its `__init__`, in the module that the class is in
        return is_project_file(str(frame.f_globals.get("__file__", file)))
    if len(_own_files) >= MOST_REMEMBERED:
        _own_files.clear()
    own = _own_files[file] = is_project_file(file) and not file.startswith(OWN_FOLDER)
    return own
