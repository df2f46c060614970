"""What every test gets: a store and a key of its own, and a recorder that forgets the test before."""

import os
import pwd
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import ModelServer
from treadle import guard, settings

signal.signal(signal.SIGINT, signal.default_int_handler)
"""A shell starts what runs in its background deaf to Ctrl-C, and so would be all programs that tests start."""


def pytest_xdist_auto_num_workers() -> int:
    """Use half as many workers again as there are cores: half of their time they wait for programs to start and end."""
    return max(2, 3 * (os.cpu_count() or 2) // 2)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the store that this test, and every process that it starts, records into."""
    folder = tmp_path / "store"
    monkeypatch.setenv("TREADLE_STORE", str(folder))
    monkeypatch.setenv("TREADLE_KEY_FILE", str(tmp_path / "user-data" / "treadle-key"))
    monkeypatch.delenv("TREADLE_DISABLED", raising=False)
    monkeypatch.setattr(guard, "_told", False)
    settings.reset()
    yield folder
    settings.reset()


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the user's home folder away: no variable names it, and no list of users has this one."""

    def unknown(uid: int) -> None:
        raise KeyError(uid)

    for variable in ("HOME", "XDG_DATA_HOME", "TREADLE_KEY_FILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """Return an OpenAI-compatible server on loopback that echoes what it is asked, or answers by script."""
    with ModelServer() as server:
        yield server
