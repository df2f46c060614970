"""A store to look at from the command line, and the command line itself."""

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import treadle_storage
from owners import end_owner
from treadle_storage import Store
from treadle_tui.cli import treadle
from treadle_tui.cli.endings import run_to_the_end
from treadle_tui.cli.options import Settings
from tui.made_store import write_desk
from tui.shop import wait_for_the_dead, write_shop


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote where."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ran]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a store that tests only look at."""
    store = tmp_path_factory.mktemp("shop") / ".treadle"
    write_shop(store)
    wait_for_the_dead(store)
    yield store
    end_owner(store)


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Path]:
    """Return a store that the test may change."""
    store = tmp_path / "own" / ".treadle"
    write_shop(store)
    yield store
    if store.exists():
        end_owner(store)
        shutil.rmtree(store)


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return what runs a command in this process, through the entry point's own path."""

    def run(*arguments: str, store: Path | None = None) -> Ran:
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        given = [*arguments, *(["--store", str(store)] if store is not None else [])]
        code = run_to_the_end(treadle, Settings(), given)
        out, err = capfd.readouterr()
        return Ran(int(code), out, err)

    return run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def desk(home: Path) -> Iterator[Store]:
    """Return the store of the refund desk."""
    (home / ".treadle").mkdir()
    write_desk(home / ".treadle")
    with treadle_storage.open(home / ".treadle") as store:
        yield store
    end_owner(home / ".treadle")
