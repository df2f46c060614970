"""What is recorded of an exception: type, message, stack, and the project's own frames with their locals.

Only text is kept: no frame, no traceback and no value outlives the call because of it.
"""

import itertools
import linecache
import reprlib
import traceback
from types import TracebackType
from typing import Any

from treadle.values.classes import is_project_file, type_name
from treadle.values.redact import Redactor, is_secret_name, mask

MOST_FRAMES = 30
MOST_SHOWN_OF_STACK = 100
OUTERMOST_SHOWN = 10
MOST_LOCALS = 20
LONGEST_LOCAL = 200
LONGEST_READ = 4 * LONGEST_LOCAL
"""How much of a text is looked at: a secret that is cut at the end must still be known as one."""
LONGEST_MESSAGE = 10_000


def describe(error: BaseException, redactor: Redactor, *, own_folder: str) -> dict[str, Any]:
    """Return the record of an exception; frames in `own_folder` are the wrappers, and are left out."""
    return {
        "type": type_name(type(error)).replace("builtins:", "").replace(":", "."),
        "message": writable(redactor.text(_message(error))[:LONGEST_MESSAGE]),
        "stack": writable(redactor.text(_stack(error, own_folder))),
        "frames": _frames(error.__traceback__, redactor, own_folder),
    }


def writable(text: str) -> str:
    """Return the text with lone surrogates shown as escapes: records are UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as other:  # noqa: BLE001 - the user's __str__ may raise anything
        return f"(its text could not be read: {type(other).__name__})"


def _stack(error: BaseException, own_folder: str) -> str:
    return _formatted(error.__traceback__, own_folder) + f"{type(error).__qualname__}: {_message(error)}"


def _formatted(trace: TracebackType | None, own_folder: str) -> str:
    """Return the stack as Python shows it; of a runaway recursion, the outermost frames and the innermost."""
    entries = _entries(trace, own_folder)
    left_out = len(entries) - MOST_SHOWN_OF_STACK
    if left_out > 0:
        outer, inner = entries[:OUTERMOST_SHOWN], entries[OUTERMOST_SHOWN + left_out :]
        return f"{_lines(outer)}  [{left_out} frames are left out]\n{_lines(inner)}"
    shown = [frame for frame in traceback.extract_tb(trace) if not frame.filename.startswith(own_folder)]
    return "".join(traceback.StackSummary.from_list(shown).format())


def _lines(entries: list[TracebackType]) -> str:
    around = ((entry.tb_frame, entry.tb_lineno) for entry in entries)
    return "".join(traceback.StackSummary.extract(around).format())


def _entries(trace: TracebackType | None, own_folder: str) -> list[TracebackType]:
    """Return the entries of a traceback but ours, without reading any source: a runaway recursion has thousands."""
    entries = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(own_folder):
            entries.append(trace)
        trace = trace.tb_next
    return entries


def _frames(trace: TracebackType | None, redactor: Redactor, own_folder: str) -> list[dict[str, Any]]:
    innermost_first = reversed(_entries(trace, own_folder))
    of_project = (entry for entry in innermost_first if is_project_file(entry.tb_frame.f_code.co_filename))
    return [_frame(entry, redactor) for entry in itertools.islice(of_project, MOST_FRAMES)][::-1]


def _frame(entry: TracebackType, redactor: Redactor) -> dict[str, Any]:
    code = entry.tb_frame.f_code
    return {
        "file": code.co_filename,
        "line": entry.tb_lineno,
        "function": code.co_qualname,
        "source": writable(redactor.text(linecache.getline(code.co_filename, entry.tb_lineno).strip())),
        "locals": _locals(entry.tb_frame.f_locals, redactor),
    }


def _locals(held: dict[str, Any], redactor: Redactor) -> dict[str, str]:
    shown = {}
    for name, value in list(held.items())[:MOST_LOCALS]:
        if name.startswith("__"):
            continue
        if isinstance(value, str) and (is_secret_name(name) or redactor.variable(value)):
            shown[name] = mask(value)
            continue
        try:
            text = _SHORT.repr(value[:LONGEST_READ] if isinstance(value, str) else value)
        except Exception as other:  # noqa: BLE001 - the user's __repr__ may raise anything
            text = f"<its repr raised {type(other).__name__}>"
        shown[name] = writable(redactor.text(text)[:LONGEST_LOCAL])
    return shown


def _short() -> reprlib.Repr:
    """Return what shows a value without reading all of it: a local may be 500 MB."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = LONGEST_READ
    short.maxlong = 60
    short.maxdict = short.maxlist = short.maxtuple = short.maxset = short.maxfrozenset = short.maxdeque = 50
    return short


_SHORT = _short()
