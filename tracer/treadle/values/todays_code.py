"""Code of the project as it stands today: compiled from its source, and found by the name that it had.

Functions that are made inside others are found by no name, so their code is; how they are traced is read beside it.
"""

import ast
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import decode_source
from pathlib import Path
from typing import Any

import treadle
from treadle.errors import NotReplayableError
from treadle.functions import code_hash

FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
"""As notebooks compile their cells; a file that needs it would not have run."""
_OPTIONS = ("name", "kind", "ignore", "pickle", "idempotent")
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Source:
    """A text that holds code: of a module, or of a cell."""

    file: str
    text: str


def source_of(module: types.ModuleType) -> Source:
    """Return what a module was loaded from, as it stands there now.

    Raises:
        NotReplayableError: it is gone, or cannot be read.

    """
    file = module.__file__
    if file is None or not Path(file).is_file():
        raise NotReplayableError(f"the source of {module.__name__} is gone: bring its file back")
    try:
        return Source(file, decode_source(Path(file).read_bytes()))
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise NotReplayableError(f"{file} cannot be read: {error}") from error


def code_in(source: Source, qualname: str, *, line: int | None, hashed: str | None) -> types.CodeType:
    """Return the code of a function: of several of one name the unchanged one, else the one nearest to where it was.

    Raises:
        NotReplayableError: there is none, or it cannot be told which.

    """
    found = [code for code in _codes_of(source) if code.co_qualname == qualname]
    if not found:
        raise NotReplayableError(f"{qualname} is no longer in {source.file}: it was renamed or removed")
    candidates = [code for code in found if code_hash(code) == hashed] or found
    nearest = min(abs(code.co_firstlineno - (line or 0)) for code in candidates)
    best = [code for code in candidates if abs(code.co_firstlineno - (line or 0)) == nearest]
    if len({code_hash(code) for code in best}) > 1:
        raise NotReplayableError(
            f"{qualname} stands {len(best)} times near line {line} of {source.file}, and none is what it was: "
            "it cannot be told which one was called; give it a line, or a name, of its own"
        )
    return best[0]


def defaults_in(source: Source, code: types.CodeType) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return today's defaults of a function, those of the last parameters and by keyword: as far as they are plain."""
    node = next((node for node in _definitions(source) if _is_of(node, code)), None)
    if node is None:
        return (), {}
    positional: list[Any] = []
    for default in reversed(node.args.defaults):
        if (value := _literal(default)) is _NO_LITERAL:
            break
        positional.insert(0, value)
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    named = {argument.arg: _literal(default) for argument, default in pairs if default is not None}
    return tuple(positional), {name: value for name, value in named.items() if value is not _NO_LITERAL}


def options_in(source: Source, code: types.CodeType, namespace: dict[str, Any]) -> dict[str, Any] | None:
    """Return what `treadle.trace` is told of a function in its source; None where that cannot be seen there."""
    seen = [options for options in _all_options(source, code, namespace) if options is not None]
    return seen[0] if seen and all(options == seen[0] for options in seen) else None


def _all_options(source: Source, code: types.CodeType, namespace: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    for node in ast.walk(_tree_of(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_of(node, code):
            for decorator in node.decorator_list:
                yield _told(decorator, namespace)
        elif isinstance(node, ast.Call) and len(node.args) == 1 and _names(node.args[0], code):
            yield _told(node.func, namespace, beside=node.keywords)


def _told(node: ast.expr, namespace: dict[str, Any], *, beside: list[ast.keyword] | None = None) -> Any:
    """Return the options of `trace`, `trace(...)`, or of a call of either with these keywords; None where it is not."""
    keywords = list(beside or ())
    if isinstance(node, ast.Call) and not node.args:
        keywords += node.keywords
        node = node.func
    if not _is_trace(node, namespace):
        return None
    told = {keyword.arg: _literal(keyword.value) for keyword in keywords if keyword.arg in _OPTIONS}
    return None if _NO_LITERAL in told.values() or len(told) < len(keywords) else told


def _is_trace(node: ast.expr, namespace: dict[str, Any]) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        is_ours = node.value.id == treadle.__name__ or namespace.get(node.value.id) is treadle
        return is_ours and node.attr == treadle.trace.__name__
    return isinstance(node, ast.Name) and namespace.get(node.id) is treadle.trace


def _names(node: ast.expr, code: types.CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        return _is_of(node, code)
    return isinstance(node, ast.Name) and node.id == code.co_name


def _is_of(node: _Definition, code: types.CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno
    first = node.decorator_list[0] if node.decorator_list else node
    return node.name == code.co_name and first.lineno == code.co_firstlineno


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_LITERAL


_NO_LITERAL: Any = object()


def _definitions(source: Source) -> Iterator[_Definition]:
    return (node for node in ast.walk(_tree_of(source)) if isinstance(node, _Definition))


@lru_cache(maxsize=64)
def _tree_of(source: Source) -> ast.Module:
    try:
        return ast.parse(source.text, source.file)
    except (SyntaxError, ValueError) as error:
        raise NotReplayableError(f"{source.file} does not compile any more: {error}") from error


@lru_cache(maxsize=64)
def _codes_of(source: Source) -> tuple[types.CodeType, ...]:
    try:
        return tuple(_inside(compile(source.text, source.file, "exec", FLAGS, dont_inherit=True)))
    except (SyntaxError, ValueError) as error:
        raise NotReplayableError(f"{source.file} does not compile any more: {error}") from error


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _inside(constant)
