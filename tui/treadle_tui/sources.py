"""The source of a recorded function, today's or as it was kept: looking at a store imports and runs no code."""

import ast
import re
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle.functions import code_hash
from treadle.model import Function, RecordedSource

_LARGEST_FILE: Final = 2_000_000
_LIBRARY: Final = re.compile(r"/(site|dist)-packages/|/lib/python3\.\d+/")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file that a function stands in, as it is today; what was kept with the trace where it stood in no file."""

    path: Path
    text: str
    first_line: int
    """The function's first and last line, from 1; 0 where it is not there any more."""
    last_line: int
    note: str
    """Whether it changed since it ran; empty where it did not."""
    call_line: int = 0
    """Where this function calls the one that was asked for; 0 where that is not known, or it is that one."""
    kept: RecordedSource | None = None
    """What was kept with the trace, where that is what is shown."""

    @property
    def name(self) -> str:
        """What to call it in few words; empty for a notebook's cell, whose note says which it is."""
        return self.path.name if self.kept is None or self.kept.number is None else ""


def is_library(path: Path) -> bool:
    """Whether a file is installed, not the project's own."""
    return _LIBRARY.search(path.as_posix()) is not None


def read_source(path: Path, function: Function) -> SourceFile:
    """Read the file and find the function in it."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            return SourceFile(path, "", 0, 0, "the file is too large to show")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return SourceFile(path, "", 0, 0, f"cannot be read: {error.strerror or error}")
    name = function.qualname.replace("<locals>.", "")
    if name == "<module>" or function.qualname == "":
        return SourceFile(path, text, 1, text.count("\n") + 1, "")
    try:
        found = _find(ast.parse(text), name.split("."))
    except SyntaxError as error:
        return SourceFile(path, text, 0, 0, f"does not parse today: line {error.lineno}, {error.msg}")
    if found is None:
        return SourceFile(path, text, 0, 0, f"{function.qualname} is not in this file any more")
    first = _first_line(found)
    return SourceFile(path, text, first, found.end_lineno or first, _changed(text, path, function, found.lineno))


def read_kept(kept: RecordedSource, function: Function) -> SourceFile:
    """Find the function in the source that was kept with the trace."""
    note = "as it ran" if kept.number is None else f"as it ran in {cell_name(kept.number)}"
    if not kept.is_certain:
        note = "changed since it ran: the last text of this name"
    first, last = _lines_at(kept.text, function.line or 0)
    return SourceFile(Path(kept.file), kept.text, first, last, note, kept=kept)


def cell_name(number: int) -> str:
    """Return what a notebook shows beside the cell that ran as this one."""
    return f"cell [{number}]"


def place_of_frame(file: str, kept: RecordedSource | None) -> str:
    """Return what to call a frame's file: the names of notebooks' cells mean nothing to a person."""
    if kept is None or kept.number is None or kept.file != file:
        return file
    return cell_name(kept.number)


def line_that_calls(source: SourceFile, name: str) -> int:
    """Return the one line of the function that calls something of this name; 0 where there is none, or several."""
    try:
        nodes = list(ast.walk(ast.parse(source.text)))
    except SyntaxError:
        return 0
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    named = [func for func in called if name == getattr(func, "attr", getattr(func, "id", None))]
    lines = {func.end_lineno or 0 for func in named}
    inside = [line for line in lines if source.first_line <= line <= source.last_line]
    return inside[0] if len(inside) == 1 else 0


def _find(node: ast.AST, names: list[str]) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    for child in ast.walk(node) if len(names) == 1 else ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or child.name != names[0]:
            continue
        if len(names) > 1:
            return _find(child, names[1:])
        if not isinstance(child, ast.ClassDef) and not _is_overload(child):
            return child
    return None


def _lines_at(text: str, line: int) -> tuple[int, int]:
    """Return the first and last line of the function whose code begins here; of all where there is none."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        nodes = []
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _first_line(node) == line:
            return line, node.end_lineno or line
    return 1, text.rstrip("\n").count("\n") + 1


def _first_line(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def _is_overload(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(each).rpartition(".")[2] == "overload" for each in function.decorator_list)


def _changed(text: str, path: Path, function: Function, line: int) -> str:
    if function.code_hash is None:
        return ""
    try:
        module = compile(text, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return ""
    codes = [code for code in _codes(module) if code.co_name == function.qualname.rpartition(".")[2]]
    same_place = [code for code in codes if abs(code.co_firstlineno - line) <= _DECORATORS] or codes
    if not same_place or function.code_hash in {code_hash(code) for code in same_place}:
        return ""
    return "changed since it ran"


_DECORATORS: Final = 12
"""A function's first line is that of its first decorator."""


def _codes(code: types.CodeType) -> list[types.CodeType]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return inner + [deeper for each in inner for deeper in _codes(each)]
