"""What to start: the recorded root as it is in today's code, with its recorded arguments.

A recording names code to run, so only what is a traced function in today's source is started: `os:system` is none.
"""

import asyncio
import importlib
import importlib.util
import inspect
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.errors import NotReplayableError, RefusedError
from treadle.functions import Traced
from treadle.model import Process, RecordedCall
from treadle.names import MAIN_ALIAS, SPAWNED_MAIN
from treadle.replay.divergence import DivergedError
from treadle.values.found import MAIN_ALIASES

REFUSE_LOCAL = "it was made inside another function: replay the whole chain instead of this step"


def find(call: RecordedCall, process: Process) -> Callable[..., Any]:
    """Return today's function behind a recorded call, still wrapped.

    Raises:
        NotReplayableError: the function or its module is gone; the message says which.
        RefusedError: what stands under that name today is not a traced function.

    """
    function = call.function
    if function is None:
        where = "above it" if call.parent_span_id is not None else "below it, with --step"
        raise NotReplayableError(f"{call.name} has no function behind it: replay a step {where}")
    if "<" in function.qualname:
        raise NotReplayableError(f"{function.qualname} cannot be found again: {REFUSE_LOCAL}")
    module = load_main(process) if function.module == "__main__" else _import(function.module)
    found: Any = module
    for part in function.qualname.split("."):
        found = inspect.getattr_static(found, part, None)
        if found is None:
            where = function.file or function.module
            raise NotReplayableError(
                f"the function {function.qualname} is gone from {where}: it was renamed or removed"
            )
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if not isinstance(getattr(found, "__treadle__", None), Traced):
        raise RefusedError(f"{function.module}:{function.qualname} is not a traced function today: it is not run")
    return found  # type: ignore[no-any-return]


def load_main(process: Process) -> types.ModuleType:
    """Load the recorded main script or module under another name, so that its guard stays off.

    Raises:
        NotReplayableError: it was typed into an interpreter, or is gone, or does not run any more.

    """
    if MAIN_ALIAS in sys.modules:
        return sys.modules[MAIN_ALIAS]
    module_spec = _main_spec(process)
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[MAIN_ALIAS] = module
    MAIN_ALIASES["__main__"] = MAIN_ALIASES[SPAWNED_MAIN] = MAIN_ALIAS
    assert module_spec.loader is not None
    try:
        module_spec.loader.exec_module(module)
    except DivergedError as error:
        raise NotReplayableError(
            f"{module_spec.origin} has no `if __name__ == '__main__':`: {error}; record it with `treadle run` instead"
        ) from error
    except (Exception, SystemExit) as error:
        del sys.modules[MAIN_ALIAS]
        raise NotReplayableError(f"{module_spec.origin} no longer loads: {type(error).__name__}: {error}") from error
    return module


def bind(traced: Traced, held: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return recorded arguments as positions and keywords for today's parameters.

    Raises:
        NotReplayableError: a recorded parameter is gone, or a new one has no default.

    """
    left = dict(held)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    by_name = False
    for parameter in traced.parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            args.extend(left.pop(parameter.name, []))
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs.update(left.pop(parameter.name, {}))
        elif parameter.name not in left:
            _check_default(traced, parameter)
            by_name = True
        elif by_name or parameter.kind is parameter.KEYWORD_ONLY:
            kwargs[parameter.name] = left.pop(parameter.name)
        else:
            args.append(left.pop(parameter.name))
    if left:
        raise NotReplayableError(f"{traced.name} has no parameter {next(iter(left))!r} any more")
    return args, kwargs


def run(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], recorded: RecordedCall) -> Any:
    """Call it as it was called, and use up a stream as far as its consumer did."""
    flavour = recorded.function.flavour if recorded.function else "sync"
    most = len(recorded.chunks) if recorded.closed_early else None
    if flavour == "async":
        return asyncio.run(function(*args, **kwargs))
    if flavour == "gen":
        return _consume(function(*args, **kwargs), most)
    if flavour == "agen":
        return asyncio.run(_consume_later(function(*args, **kwargs), most))
    return function(*args, **kwargs)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What came of a stream."""

    chunks: list[Any]
    returned: Any


def _consume(stream: Any, most: int | None) -> Streamed:
    chunks: list[Any] = []
    try:
        while most is None or len(chunks) < most:
            chunks.append(next(stream))
    except StopIteration as stop:
        return Streamed(chunks, stop.value)
    stream.close()
    return Streamed(chunks, None)


async def _consume_later(stream: Any, most: int | None) -> Streamed:
    chunks: list[Any] = []
    try:
        while most is None or len(chunks) < most:
            chunks.append(await anext(stream))
    except StopAsyncIteration:
        return Streamed(chunks, None)
    await stream.aclose()
    return Streamed(chunks, None)


def _check_default(traced: Traced, parameter: inspect.Parameter) -> None:
    if parameter.default is parameter.empty and parameter.name not in traced.ignore:
        raise NotReplayableError(f"{traced.name} has a new parameter {parameter.name!r} that was not recorded")
    if parameter.name in traced.ignore and parameter.default is parameter.empty:
        raise NotReplayableError(f"{traced.name}'s argument {parameter.name!r} is ignored, and so was not recorded")


def _import(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise NotReplayableError(f"the module {name} no longer imports: {type(error).__name__}: {error}") from error


def _main_spec(process: Process) -> Any:
    if process.main_module is not None:
        try:
            found = importlib.util.find_spec(process.main_module)
        except ImportError as error:
            raise NotReplayableError(f"the module {process.main_module} is gone: {error}") from error
        origin = found.origin if found else None
    else:
        origin = process.main_file
    if origin is None:
        where = f"the notebook {process.main_notebook}" if process.main_notebook else "an interpreter"
        raise NotReplayableError(f"the function was typed into {where}: only functions of files can be called again")
    if not Path(origin).exists():
        raise NotReplayableError(f"{origin} is gone")
    return importlib.util.spec_from_file_location(MAIN_ALIAS, origin)
