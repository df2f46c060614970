"""The recorded main script or module, loaded under another name, so that its guard stays off.

It stands in `sys.modules` as `__main__` too, with the spec that the interpreter would give it: what the program pickled
before is found in it, and `multiprocessing` loads it in the processes that it spawns.
"""

import importlib.util
import sys
import types
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path

from treadle.errors import NotReplayableError
from treadle.model import Process
from treadle.names import MAIN_ALIAS, SPAWNED_MAIN
from treadle.replay.divergence import DivergedError
from treadle.values.found import MAIN_ALIASES

FOR_STARTED = str(Path(__file__).with_name("started"))
"""Where a process that the program starts finds its main module under the other name: the path goes to it."""
_own_main = sys.modules["__main__"]


class UnguardedError(NotReplayableError):
    """The main script calls what it defines as soon as it is loaded: it ran up to its first traced call."""

    def __init__(self, message: str, module: types.ModuleType) -> None:
        super().__init__(message)
        self.module = module
        """What it had come to hold by then."""


def load_main(process: Process) -> types.ModuleType:
    """Load the recorded main script or module.

    Raises:
        UnguardedError: it is a script that does what it does as soon as it is loaded.
        NotReplayableError: it was typed into an interpreter, or is gone, or does not run any more.

    """
    if MAIN_ALIAS in sys.modules:
        return sys.modules[MAIN_ALIAS]
    file, package = place_of(process)
    loader = SourceFileLoader(MAIN_ALIAS, file)
    spec = ModuleSpec(f"{package}.{Path(file).stem}".lstrip("."), loader, origin=file)
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    module.__name__ = MAIN_ALIAS  # the spec's names the package that relative imports start from
    if process.main_module is None:
        module.__spec__ = None
    install(module)
    try:
        loader.exec_module(module)
    except DivergedError as error:
        raise UnguardedError(f"{file} has no `if __name__ == '__main__':`: {error}", module) from error
    except (Exception, SystemExit) as error:
        uninstall()
        raise NotReplayableError(
            f"{file} no longer loads: {type(error).__name__}: {error}; mend it, then replay again"
        ) from error
    return module


def install(module: types.ModuleType) -> None:
    """Have a module be what the recording calls `__main__`."""
    sys.modules[MAIN_ALIAS] = sys.modules["__main__"] = module
    sys.path.append(FOR_STARTED)
    MAIN_ALIASES["__main__"] = MAIN_ALIASES[SPAWNED_MAIN] = MAIN_ALIAS


def uninstall() -> None:
    """Have none be it."""
    sys.modules.pop(MAIN_ALIAS, None)
    sys.modules["__main__"] = _own_main
    MAIN_ALIASES.clear()


def place_of(process: Process) -> tuple[str, str]:
    """Return the file to load, and the package that it is in.

    Raises:
        NotReplayableError: there is none.

    """
    if process.main_module is not None:
        return _place_of_module(process.main_module)
    if process.main_file is None:
        where = f"the notebook {process.main_notebook}" if process.main_notebook else "an interpreter"
        raise NotReplayableError(
            f"the function was typed into {where}, and its code was not kept: put it into a file, and record it there"
        )
    path = Path(process.main_file)
    if path.is_dir():
        path /= "__main__.py"
    if not path.exists():
        raise NotReplayableError(
            f"{path} is gone: it was recorded on {process.host or 'another machine'}; "
            "put the program back there, or record it anew"
        )
    return str(path), ""


def _place_of_module(name: str) -> tuple[str, str]:
    """Return where `python -m` finds a module; of a package it runs the `__main__` in it."""
    try:
        found = importlib.util.find_spec(name)
        if found is not None and found.submodule_search_locations is not None:
            found = importlib.util.find_spec(f"{name}.__main__")
    except Exception as error:  # the packages above it are imported, which may raise anything
        raise NotReplayableError(
            f"the module {name} no longer loads: {type(error).__name__}: {error}; mend it, then replay again"
        ) from error
    if found is None or found.origin is None or not Path(found.origin).is_file():
        raise NotReplayableError(f"the module {name} is gone: put it back, or record the program anew")
    return found.origin, found.name.rpartition(".")[0]
