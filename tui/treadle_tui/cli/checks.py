"""What `treadle doctor` finds out about this installation: the key, the clients, the libraries, the terminal."""

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from treadle.signing import KEY_BYTES, key_path
from treadle_tui.cli.options import version_of

PATCHED_CLIENTS = {"openai": "chat completions: sync, async, streams"}
"""What Treadle's own patches record; `treadle run` and `treadle.instrument()` put them on."""
UNPATCHED_CLIENTS = ("anthropic", "litellm", "google-genai", "mistralai", "cohere")
LIBRARIES = ("treadle", "duckdb", "textual", "opentelemetry-sdk", "numpy", "orjson")
SMALLEST_TERMINAL = (40, 10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    section: str
    name: str
    value: str
    problem: bool = False


def check_key() -> Iterator[Finding]:
    """Look at the key that signs records: there, whole, and nobody else's to read."""
    try:
        path = key_path()
    except RuntimeError:
        why = "none: there is no home folder, so records stay unsigned; TREADLE_KEY_FILE can name another place"
        yield Finding("key", "file", why, problem=True)
        return
    yield Finding("key", "file", str(path))
    yield Finding("key", "state", *_key_state(path))


def check_clients() -> Iterator[Finding]:
    """Say which model clients are installed, and what sees their calls."""
    for name, seen in PATCHED_CLIENTS.items():
        version = version_of(name)
        is_there = version != "not installed"
        yield Finding("clients", name, f"{version}, recorded by treadle ({seen})" if is_there else version)
    for name in UNPATCHED_CLIENTS:
        version = version_of(name)
        if version != "not installed":
            yield Finding("clients", name, f"{version}, not recorded by treadle: decorate its calls, kind='llm'")
    found = sorted({entry.name for entry in entry_points(group="opentelemetry_instrumentor")})
    yield Finding("clients", "other instrumentations", ", ".join(found) or "none")


def check_installation() -> Iterator[Finding]:
    """Say what Treadle runs on."""
    yield Finding("installation", "python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("installation", "system", platform.platform(terse=True))
    for name in LIBRARIES:
        yield Finding("installation", name, version_of(name))


def check_terminal() -> Iterator[Finding]:
    """Say what the debugger would have to draw on."""
    if not sys.stderr.isatty():
        yield Finding("terminal", "size", "no terminal here: treadle show, diff and sql do without one")
        return
    columns, rows = shutil.get_terminal_size()
    too_small = columns < SMALLEST_TERMINAL[0] or rows < SMALLEST_TERMINAL[1]
    note = f", the debugger needs {SMALLEST_TERMINAL[0]}x{SMALLEST_TERMINAL[1]}" if too_small else ""
    yield Finding("terminal", "size", f"{columns}x{rows}{note}", too_small)
    yield Finding("terminal", "TERM", os.environ.get("TERM", "not set"))
    yield Finding("terminal", "colours", _colours())
    yield Finding("terminal", "encoding", sys.stdout.encoding or "unknown")


def _key_state(path: Path) -> tuple[str, bool]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return "none yet: the first recording makes it", False
    except OSError as error:
        return f"cannot be read: {error.strerror}", True
    if status.st_uid != os.getuid():
        return "belongs to another user: records stay unsigned", True
    if status.st_mode & 0o077:
        mode = stat.filemode(status.st_mode)
        return f"others can read it ({mode}): records stay unsigned; chmod 600 it, or make another", True
    if status.st_size != KEY_BYTES:
        return f"{status.st_size} bytes instead of {KEY_BYTES}: records stay unsigned; move it away", True
    return "signs what is recorded", False


def _colours() -> str:
    if os.environ.get("NO_COLOR"):
        return "off (NO_COLOR)"
    return "24 bit" if os.environ.get("COLORTERM") in {"truecolor", "24bit"} else "256 or fewer"
