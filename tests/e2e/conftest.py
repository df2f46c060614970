"""Programs that are recorded in a process of their own, and replayed from the real store."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import treadle_storage
from e2e.model_span_programs import KEY
from model_apis import ModelApi, completion
from owners import end_owner
from programs import plainly
from treadle_debugger.replaying import Control, Request, Result, replay
from treadle_storage.store import Store

Replayed = Callable[..., Result]


class Project:
    """A user's project in a folder of its own: its program, its recordings."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder = folder
        self.program = folder / "program.py"
        self.said = ""
        """What the program printed when it was last recorded."""
        self.store_path = store
        self._store: Store | None = None

    @property
    def store(self) -> Store:
        """A client of the store."""
        if self._store is None:
            self._store = treadle_storage.open(self.store_path)
        return self._store

    def write(self, source: str) -> None:
        """Write the program."""
        self.program.write_text(source)

    def record(self, source: str, *arguments: str) -> str:
        """Write the program, run it with plain Python, and return the id of its newest trace."""
        self.write(source)
        done = plainly(str(self.program), *arguments, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        self.said = done.stdout
        return self.newest()

    def newest(self) -> str:
        """Return the id of the newest trace."""
        return self.store.traces(limit=1)[0].trace_id

    def replay(self, trace_id: str, *, control: Control | None = None, **options: Any) -> Result:
        """Replay quietly; what the program prints goes to `output.txt`."""
        with (self.folder / "output.txt").open("wb") as output:
            return replay(self.store, Request(trace_id, **options), output=output, control=control)

    def printed(self) -> str:
        """Return what the last replay printed."""
        return (self.folder / "output.txt").read_text()

    def forget_store(self) -> None:
        """Close the client, and have the owner leave."""
        if self._store is not None:
            self._store.close()
            self._store = None
        end_owner(self.store_path)


@pytest.fixture
def project(tmp_path: Path, store: Path) -> Iterator[Project]:
    """Return an empty project; its store's owner ends with the test."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project(folder, store)
    yield made
    made.forget_store()


@pytest.fixture(autouse=True)
def _owners_leave(store: Path) -> Iterator[None]:
    """Have the owner that a test's commands started leave with the test."""
    yield
    end_owner(store)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelApi]:
    """Return the API that this machine's environment names, for both providers."""
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(variable, KEY)
    with ModelApi(completion("Spät.")) as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        yield api
