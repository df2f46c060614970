"""The statements of a cell or a script: which names each gives, which it uses, and whether it only defines."""

import __future__

import ast
import builtins
import dis
import types
from collections.abc import Iterator
from dataclasses import dataclass

import treadle
from treadle.model import KeptSource
from treadle.values.todays_code import FLAGS

_LONGEST_SHOWN = 60
_TELLING = (treadle.configure.__name__, treadle.codec.__name__)
_STORES = ("STORE_NAME", "STORE_GLOBAL")
_LOADS = ("LOAD_NAME", "LOAD_GLOBAL")
_UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What compiling a text can raise: such a cell never ran."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that stands in no other."""

    source: KeptSource
    code: types.CodeType
    defines: bool
    """It is a definition, an import, or gives a name to a plain value or to what has a name."""
    binds: frozenset[str]
    binds_anything: bool
    """It imports all that a module holds."""
    uses_at_once: frozenset[str]
    uses_later: frozenset[str]
    """What the bodies of functions in it use."""
    names_of_ours: frozenset[str]
    """What it imports of Treadle, by the names that it gives that."""
    tells: str | None
    """What it calls to tell Treadle something, if that name is Treadle's: `treadle` in `treadle.configure(...)`."""
    shown: str


def statements_of(source: KeptSource) -> list[Statement]:
    """Return its statements; none of one that does not compile."""
    try:
        tree = compile(source.text, source.file, "exec", FLAGS | ast.PyCF_ONLY_AST, dont_inherit=True)
        flags = FLAGS | _future_flags(tree)
        return [_statement(source, node, flags) for node in tree.body]
    except _UNREADABLE:
        return []


def _statement(source: KeptSource, node: ast.stmt, flags: int) -> Statement:
    code = compile(ast.Module([node], []), source.file, "exec", flags, dont_inherit=True)
    bodies = list(_bodies(code))
    at_once = _operands(code, _LOADS).union(*map(_used_by_class, bodies))
    later = frozenset[str]().union(*(_operands(body, ("LOAD_GLOBAL",)) for body in bodies))
    lines = (ast.get_source_segment(source.text, node) or "").splitlines()
    shown = next(iter(lines), "")
    return Statement(
        source=source,
        code=code,
        defines=_defines(node),
        binds=_operands(code, _STORES).union(*(_operands(body, ("STORE_GLOBAL",)) for body in bodies)),
        binds_anything=isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names),
        uses_at_once=at_once - vars(builtins).keys(),
        uses_later=later - vars(builtins).keys(),
        names_of_ours=frozenset(_names_of_ours(node)),
        tells=_called_name(node.value.func)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        else None,
        shown=shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…",
    )


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is None or _is_plain(node.value) or _is_name(node.value)
    if isinstance(node, ast.Try):
        inside = [*node.body, *node.orelse, *node.finalbody, *(step for one in node.handlers for step in one.body)]
        return all(isinstance(step, ast.Pass) or _defines(step) for step in inside)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


def _names_of_ours(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.asname or alias.name for alias in node.names if alias.name == treadle.__name__)
    elif isinstance(node, ast.ImportFrom) and node.module == treadle.__name__:
        yield from (alias.asname or alias.name for alias in node.names if alias.name in _TELLING)


def _called_name(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute) and function.attr in _TELLING:
        function = function.value
    return function.id if isinstance(function, ast.Name) else None


def _is_name(node: ast.expr) -> bool:
    """Tell of `json` and `os.path` that they only name something else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_plain(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def _future_flags(tree: ast.Module) -> int:
    flags = 0
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == __future__.__name__:
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def _operands(code: types.CodeType, operations: tuple[str, ...]) -> frozenset[str]:
    return frozenset(step.argval for step in dis.get_instructions(code) if step.opname in operations)


def _used_by_class(body: types.CodeType) -> frozenset[str]:
    """Return what the body of a class uses, but for what it defines itself."""
    return _operands(body, ("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")) - _operands(body, _STORES)


def _bodies(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _bodies(constant)
