"""The recorded root as it is in today's code: a function of any sort, found by its name or made again.

A recording names code to run, so only what is a traced function today is started, or what stands inside the project's
own source: `os:system` is neither, whatever signed or trusted record names it.
"""

import contextlib
import importlib
import importlib.util
import inspect
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from treadle.errors import NotReplayableError, RefusedError
from treadle.model import EFFECT_KINDS, Function, KeptSource, RecordedCall
from treadle.replay import definitions, nested, notebook
from treadle.replay.holders import traced_beside, traced_under
from treadle.replay.main_module import UnguardedError, load_main
from treadle.replay.plan import Plan
from treadle.values.classes import is_project_file, is_project_module
from treadle.values.todays_code import source_of

MAIN = "__main__"
_WRAPPING = ("functools", "builtins")
"""What makes a partial, and other callables that have a name only where the program holds them under one."""
_MAIN_NAMES = re.compile(rb'"__main__:(\w+)')


def find(call: RecordedCall, plan: Plan) -> Callable[..., Any]:
    """Return today's function behind a recorded call, still wrapped.

    Raises:
        NotReplayableError: the function or its module is gone; the message says which.
        RefusedError: what stands under that name today is not a traced function.

    """
    function = call.function
    if function is None:
        where = "above it" if call.parent_span_id is not None else "below it, with --step"
        raise NotReplayableError(f"{call.name} has no function behind it: replay a step {where}")
    module = _module_of(call, function, plan)
    if not nested.is_nested(function):
        return _named(module, function)
    if function.module == MAIN and notebook.is_of_notebook(plan):
        return nested.made_again(call, function, module, notebook.source_of_cell(call, plan))
    if not is_project_module(module.__name__):
        raise RefusedError(f"{function.module}:{function.qualname} is not in the project's own source: it is not run")
    return nested.made_again(call, function, module, source_of(module))


def _module_of(call: RecordedCall, function: Function, plan: Plan) -> types.ModuleType:
    """Return the function's module; the main one is loaded too where a value that is to be given names it."""
    given = _main_names(call.input_tagged, call.cells)
    answers = _main_names(*(payload for one in plan.calls if one.kind in EFFECT_KINDS for payload in _answers(one)))
    if function.module == MAIN:
        return _main(call, {function.qualname.partition(".")[0], *given, *answers}, plan)
    if given:
        _main(call, {*given, *answers}, plan)
    elif answers:
        with contextlib.suppress(NotReplayableError):  # it is told where such an answer is to be given
            _main(call, answers, plan)
    return _import(function.module)


def _main(call: RecordedCall, needed: set[str], plan: Plan) -> types.ModuleType:
    """Return the program's own module: a script without a guard is run up to its first traced call.

    Of what it defines below that, what is needed is run, as of a notebook.
    """
    if notebook.is_of_notebook(plan):
        return definitions.load(needed, notebook.cells_before(call, plan))
    try:
        return load_main(plan.process)
    except UnguardedError as error:
        source = source_of(error.module)
        script = KeptSource(call.process_id, 0, source.file, None, source.text, redacted=False, signature=None)
        return definitions.load(needed, (script,), into=error.module)


def _answers(call: RecordedCall) -> tuple[bytes | None, ...]:
    return (call.output_tagged, *(chunk.payload for chunk in call.chunks))


def _main_names(*payloads: bytes | None) -> set[str]:
    """Return what recorded values name of the main module."""
    return {name.decode() for payload in payloads if payload for name in _MAIN_NAMES.findall(payload)}


def _named(module: types.ModuleType, function: Function) -> Callable[..., Any]:
    owner: Any = None
    found: Any = module
    for part in function.qualname.split("."):
        owner, found = found, inspect.getattr_static(found, part, None)
        if found is None:
            break
    traced = traced_under(found, function) if found is not None else None
    if traced is None and isinstance(owner, type | types.ModuleType):
        traced = traced_beside(owner, function)
    if traced is not None:
        return traced
    if found is None:
        where = function.file or function.module
        raise NotReplayableError(
            f"the function {function.qualname} is gone from {where}: it was renamed or removed; "
            "give it its name back, or record the program anew"
        )
    raise RefusedError(
        f"{function.module}:{function.qualname} is not a traced function today: it is not run; "
        "put @treadle.trace on it if it is yours"
    )


def _import(name: str) -> types.ModuleType:
    """Import a module that a recording names; none of Python's own, which traces nothing."""
    package = name.partition(".")[0]
    if package in sys.stdlib_module_names and not _is_shadowed(package):
        raise RefusedError(
            f"{name} is a module of Python's own, none of the project's: nothing of it is run"
            + ("; give what was traced with it a name in a module of yours" if name in _WRAPPING else "")
        )
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise NotReplayableError(
            f"the module {name} no longer imports: {type(error).__name__}: {error}; mend it, then replay again"
        ) from error


def _is_shadowed(package: str) -> bool:
    """Tell whether a module of the project has the name of one of Python's own."""
    if package in sys.builtin_module_names:
        return False
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and spec.has_location and is_project_file(spec.origin)
