"""The prompt of `treadle sql`: lines until a semicolon or an empty line, completed, and kept in a history.

Python's readline is all that it needs. A history holds what people looked for, so nobody else may read it.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from treadle.errors import TreadleError
from treadle_tui.cli.controls import visible

if TYPE_CHECKING:
    from treadle_storage import Store

PUBLIC_VIEWS = (
    "spans", "traces", "llm_calls", "tool_calls", "retrievals", "messages", "events", "errors", "scores", "sessions",
    "processes", "sources",
)  # fmt: skip
FIRST, FURTHER = "treadle> ", "    ...> "
HELP = (
    "A query ends with ; or an empty line. Tab completes views, columns and words of SQL; Ctrl-C leaves a query, "
    "Ctrl-D or \\q the prompt. Views: " + ", ".join(PUBLIC_VIEWS)
)
_LEAVING = frozenset({"\\q", "exit", "quit"})
_MOST_LINES = 10_000
_COLUMNS = "select distinct column_name from duckdb_columns() where table_name in (select unnest(?)) order by 1"
_WORDS = [
    "select",
    "from",
    "where",
    "group",
    "by",
    "order",
    "having",
    "limit",
    "qualify",
    "join",
    "left",
    "using",
    "on",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "like",
    "ilike",
    "glob",
    "between",
    "case",
    "when",
    "then",
    "else",
    "end",
    "distinct",
    "union",
    "all",
    "with",
    "as",
    "desc",
    "asc",
    "describe",
    "summarize",
    "filter",
    "over",
    "partition",
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "median",
    "quantile_cont",
    "round",
    "arg_max",
    "date_trunc",
    "contains",
]


def run_prompt(store: "Store", run: Callable[[str], None]) -> None:
    """Ask for queries and run them, until the user leaves."""
    readline = _readline()
    if readline:
        _prepare(readline, store)
    click.echo("One SELECT at a time, ended by ; or an empty line. \\? helps, Ctrl-D leaves.", err=True)
    try:
        for query in _queries():
            _run(query, run)
    finally:
        if readline:
            _keep_history(readline)


def history_file() -> Path:
    """Return where the history is kept: in the user's folder for state."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "treadle" / "sql_history"


def completions(text: str, names: list[str]) -> list[str]:
    """Return the views, columns and words that begin with a text, in any case."""
    return [name for name in (*PUBLIC_VIEWS, *names, *_WORDS) if text and name.startswith(text.lower())]


def _queries() -> Iterator[str]:
    lines: list[str] = []
    while True:
        try:
            line = input(FURTHER if lines else FIRST)
        except KeyboardInterrupt:
            click.echo(err=True)
            lines.clear()
            continue
        except EOFError:
            click.echo(err=True)
            return
        if not lines and line.strip().rstrip(";").strip() in _LEAVING:
            return
        if not lines and line.strip() in {"\\?", "help", "help;"}:
            click.echo(HELP, err=True)
            continue
        if line.strip():
            lines.append(line)
        if lines and (not line.strip() or line.rstrip().endswith(";")):
            yield "\n".join(lines)
            lines.clear()


def _run(query: str, run: Callable[[str], None]) -> None:
    try:
        run(query)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
    except TreadleError as error:
        click.echo(visible(" ".join(str(error).split())), err=True)


def _readline() -> ModuleType | None:
    try:
        import readline
    except ImportError:  # a Python that was built without it: the prompt has no completion and no history then
        return None
    return readline


def _prepare(readline: ModuleType, store: "Store") -> None:
    names = [str(name) for (name,) in store.sql(_COLUMNS, [list(PUBLIC_VIEWS)])]

    def complete(text: str, state: int) -> str | None:
        found = list(dict.fromkeys(completions(text, names)))
        return found[state] if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(re.sub(r"\w", "", " \t\n\"\\'`@$><=;|&{}(),.[]+-*/:"))
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    readline.set_history_length(_MOST_LINES)
    try:
        readline.read_history_file(history_file())
    except OSError:  # the first time, or not to be read: then it begins empty
        return


def _keep_history(readline: ModuleType) -> None:
    file = history_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
        readline.write_history_file(file)
        file.chmod(0o600)
    except OSError as error:
        click.echo(f"the history cannot be kept in {file}: {error.strerror}", err=True)
