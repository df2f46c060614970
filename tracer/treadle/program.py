"""`treadle run`: a program as the root step, run in this process as Python itself would run it.

A fresh `__main__` module stands in `sys.modules`, so that classes in it pickle and spawned workers find it. What the
program raises goes on to the interpreter, which ends as it would; only our frames are taken out of its traceback.
"""

import importlib.machinery
import io
import os
import runpy
import sys
import types
import zipfile
from collections.abc import Callable, Sequence
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

from treadle import clients
from treadle.config import is_disabled
from treadle.errors import UsageError
from treadle.loading import loaded

PROGRAM_ATTRIBUTE = "treadle.program"
"""Marks a root step that is a whole program: a replay runs its main file again."""
OWN_FOLDER = str(Path(__file__).parent)

_replaced: list[types.ModuleType | None] = []
"""The `__main__` modules of before: a module that nobody holds loses its globals."""


def run_file(path: str | Path, argv: Sequence[str], *, name: str | None = None) -> None:
    """Run a script, a folder or a zip file with a `__main__.py`, as `python PATH ARGV...` does.

    Whatever the program raises is raised, `SystemExit` too. The step is called `name`, else as the file is.

    Raises:
        UsageError: there is no such file.

    """
    shown = str(path)
    file = Path(path).absolute()
    if not file.exists():
        raise UsageError(f"there is no file {shown} in {Path.cwd()}")
    sys.argv = [shown, *argv]
    main = _fresh_main()
    as_python_shows_it = os.path.join(Path.cwd(), shown)  # noqa: PTH118 - `Path` would take out a `./`, Python does not
    main.__file__ = as_python_shows_it
    if file.is_dir() or zipfile.is_zipfile(file):
        _import_from(str(file))
        _recorded(name or file.name, argv, lambda: _run_module_as_main("__main__", alter_argv=False))
        return
    _import_from(str(file.resolve().parent))
    main.__loader__ = SourceFileLoader("__main__", as_python_shows_it)
    main.__dict__["__cached__"] = None
    _recorded(name or file.name, argv, lambda: _execute(as_python_shows_it, main))


def run_module(module: str, argv: Sequence[str], *, name: str | None = None) -> None:
    """Run a module, as `python -m MODULE ARGV...` does."""
    _import_from(str(Path.cwd()))
    main = _fresh_main()
    found = _located(module)
    main.__spec__ = importlib.machinery.ModuleSpec(module, None)
    sys.argv = [found or "-m", *argv]
    _recorded(name or module, argv, lambda: _run_module_as_main(module, alter_argv=True))


def _recorded(name: str, argv: Sequence[str], run: Callable[[], None]) -> None:
    clients.instrument()
    call = None
    if not is_disabled():
        from treadle.values.secret_fields import marked_options

        given = {"argv": marked_options(argv)}
        call = loaded().begin(name, "chain", lambda: given, attributes={PROGRAM_ATTRIBUTE: True})
    if call is None:
        _without_our_frames(run)
        return
    call.resume()
    try:
        _without_our_frames(run)
    except BaseException as error:
        call.suspend()
        if isinstance(error, SystemExit) and error.code in (None, 0):
            call.end(None)
        else:
            call.fail(error, even_exit=True)
        raise
    call.suspend()
    call.end(None)


def _execute(file: str, main: types.ModuleType) -> None:
    with io.open_code(file) as source:
        code = compile(source.read(), file, "exec", dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102 - it is the user's program


def _run_module_as_main(module: str, *, alter_argv: bool) -> None:
    """Do what the interpreter does for `-m`: the very function that it calls, on the `__main__` that stands there."""
    run: Any = runpy._run_module_as_main  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    if alter_argv:
        sys.argv[0] = "-m"
    run(module, alter_argv)


def _fresh_main() -> types.ModuleType:
    _replaced.append(sys.modules.get("__main__"))
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=sys.modules["builtins"], __annotations__={}, __package__=None, __spec__=None)
    sys.modules["__main__"] = main
    return main


def _import_from(folder: str) -> None:
    """Make a folder the first to import from, in the place of the one where our own command lies."""
    if not sys.flags.safe_path:
        sys.path[0] = folder


def _located(module: str) -> str | None:
    """Return the file that a module's name will run, without importing any package above it."""
    parts = module.split(".")
    path: list[str] | None = None
    spec = None
    for at in range(len(parts)):
        spec = PathFinder.find_spec(".".join(parts[: at + 1]), path)
        if spec is None:
            return None
        path = list(spec.submodule_search_locations or ())
    if path:
        spec = PathFinder.find_spec(f"{module}.__main__", path)
    return spec.origin if spec is not None else None


def _without_our_frames(run: Callable[[], None]) -> None:
    """Run, and see to it that the traceback of what comes out is shown as if the interpreter had run it."""
    try:
        run()
    except BaseException as error:
        _show_stripped(error)
        raise


def _show_stripped(error: BaseException) -> None:
    shown = _stripped(error.__traceback__)
    _strip_causes(error)
    previous = sys.excepthook

    def show(kind: type[BaseException], raised: BaseException, trace: types.TracebackType | None) -> None:
        if raised is error:
            raised, trace = raised.with_traceback(shown), shown
        previous(kind, raised, trace)

    sys.excepthook = show


def _stripped(trace: types.TracebackType | None) -> types.TracebackType | None:
    kept = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(OWN_FOLDER):
            kept.append(trace)
        trace = trace.tb_next
    rebuilt = None
    for entry in reversed(kept):
        rebuilt = types.TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt


def _strip_causes(error: BaseException) -> None:
    """Take our frames out of the exceptions that led to this one, or that it groups."""
    seen = {id(error)}
    waiting = _behind(error)
    while waiting:
        cause = waiting.pop()
        if id(cause) not in seen:
            seen.add(id(cause))
            cause.__traceback__ = _stripped(cause.__traceback__)
            waiting += _behind(cause)


def _behind(error: BaseException) -> list[BaseException]:
    grouped = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    return [cause for cause in (error.__cause__, error.__context__, *grouped) if cause is not None]
