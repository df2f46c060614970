"""The project's own frames of a traceback: where each stands, and its locals as short, redacted text.

Nothing of them is kept. Before Python 3.13, asking a frame for its locals leaves a dictionary of them in it, which
keeps the values alive and which `locals()` returns to the user: it is emptied again, unless the user holds it too.
"""

import inspect
import linecache
import sys
import types
from typing import Any

from treadle import signals
from treadle.names import writable
from treadle.short_reprs import short_repr
from treadle.values.classes import is_project_file
from treadle.values.redact import Redactor
from treadle.values.secret_names import is_secret_name
from treadle.values.secret_shapes import looks_generated, mask

MOST_FRAMES = 30
MOST_LOCALS = 20
LONGEST_LOCAL = 200
LONGEST_READ = 4 * LONGEST_LOCAL
"""How much of a text is looked at: a secret that is cut at the end must still be known as one."""
LONGEST_REPR = 50 * LONGEST_READ
LONGEST_SOURCE = 1_000
HOLDS_A_SNAPSHOT = sys.version_info < (3, 13)  # PEP 667: later, a frame's locals are a view of it
OUR_REFERENCES = 3
"""To a dictionary of locals that only we asked for: the frame's, our variable's, and that of counting them."""
_OUTER = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
"""What nearly every name of a module is, and no failure is about."""


def project_frames(
    trace: types.TracebackType | None,
    redactor: Redactor,
    *,
    own_folder: str,
    hidden: bool = False,
    most: int = MOST_FRAMES,
) -> list[dict[str, Any]]:
    """Return file, line, function, source line and locals of the last frames that are the project's."""
    own: list[types.TracebackType] = []
    for each in reversed(entries(trace)):
        file = each.tb_frame.f_code.co_filename
        if not file.startswith(own_folder) and is_project_file(file):
            own.append(each)
        if len(own) == most:
            break
    return [_frame(each, redactor, hidden) for each in reversed(own)]


def entries(trace: types.TracebackType | None) -> list[types.TracebackType]:
    """Return the entries of a traceback, the innermost last."""
    found = []
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def _frame(trace: types.TracebackType, redactor: Redactor, hidden: bool) -> dict[str, Any]:
    code, line = trace.tb_frame.f_code, trace.tb_lineno
    source = linecache.getline(code.co_filename, line).strip()[:LONGEST_SOURCE]
    return {
        "file": writable(code.co_filename),
        "line": line,
        "function": writable(code.co_qualname),
        "source": writable(redactor.text(source)),
        "locals": {} if hidden else {name: _shown(name, value, redactor) for name, value in _held(trace.tb_frame)},
    }


def _held(frame: types.FrameType) -> list[tuple[str, Any]]:
    held = frame.f_locals
    is_function = bool(frame.f_code.co_flags & inspect.CO_OPTIMIZED)
    found = [
        (name, value)
        for name, value in list(held.items())
        if not name.startswith("__") and (is_function or not issubclass(type(value), _OUTER))
    ]
    if HOLDS_A_SNAPSHOT and is_function and sys.getrefcount(held) <= OUR_REFERENCES:
        held.clear()
    return found[:MOST_LOCALS]


def _shown(name: str, value: Any, redactor: Redactor) -> str:
    if type(value) is str and (variable := redactor.variable(value)) is not None:
        return f"${{{variable}}}"
    if is_secret_name(name) and (secret := _secret_of(name, value)) is not None:
        return mask(secret)
    try:
        text = short_repr(value[:LONGEST_READ] if type(value) in (str, bytes) else value, longest=LONGEST_READ)
        text = str.__getitem__(text, slice(LONGEST_REPR))
    except BaseException as other:  # noqa: BLE001 - the user's __repr__ may raise anything, and we are who called it
        signals.pass_on(other)
        text = f"<its repr raised {type(other).__name__}>"
    return writable(redactor.text(text)[:LONGEST_LOCAL])


def _secret_of(name: str, value: Any) -> str | None:
    """Return the secret under a secret's name; a loop over the words of a text calls them tokens too."""
    if type(value) is str:
        return value if name.lower() != "token" or looks_generated(value) else None
    return "" if type(value) in (bytes, bytearray, list, tuple, dict, set, frozenset) and value else None
