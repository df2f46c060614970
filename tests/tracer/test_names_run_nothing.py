"""Finding what a name stands for runs nothing of the project's: no property, no `__getattr__`, no lazy module."""

import importlib.util
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle.errors import NotReplayableError
from treadle.values import encode
from treadle.values.redact import Redactor
from treadle.values.revive import revive

APP = """
import threading
import os as system
ran = []

class Held:
    pass

class Conn:
    inside = Held()

    @property
    def dangerous(self):
        ran.append("property")
        return self.held

    @property
    def __class__(self):
        ran.append("__class__")
        return Conn

    def __getattr__(self, name):
        ran.append(name)
        raise AttributeError(name)

    def __init__(self):
        self.held = Held()

    def ask(self):
        return "answered"

def __getattr__(name):
    ran.append(name)
    return conn

conn = Conn()
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Yield a module of a project that notes what of it runs."""
    (tmp_path / "noting_app.py").write_text(APP)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("noting_app")
    del sys.modules["noting_app"]


def forged(**tree: Any) -> Any:
    """Return what is revived of a tree."""
    return revive(json.dumps(tree).encode())


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("instance", "conn.dangerous"), ("instance", "conn.other"), ("instance", "gone"),
        ("instance", "system.environ"),
        ("type", "conn.other"), ("type", "conn"), ("function", "conn"), ("function", "conn.dangerous"),
        ("function", "system.system"), ("taught", "conn.other"), ("object", "conn.other"),
    ],
)  # fmt: skip
def test_a_forged_name_runs_nothing(app: Any, tag: str, name: str) -> None:
    """It is refused."""
    named = f"noting_app:{name}"
    with pytest.raises(NotReplayableError):
        forged(**{"$": tag, "v": {} if tag in ("taught", "object") else named, "type": named})
    assert app.ran == []


@pytest.mark.parametrize(("name", "cls"), [("conn", "Conn"), ("conn.held", "Held"), ("Conn.inside", "Held")])
def test_what_a_name_holds_is_found(app: Any, name: str, cls: str) -> None:
    """In the module, in a class, and in the fields of an object."""
    found = forged(**{"$": "instance", "v": f"noting_app:{name}", "type": f"noting_app:{cls}"})
    assert type(found) is vars(app)[cls]
    assert app.ran == []


def test_only_methods_of_the_project_are_bound(app: Any, tmp_path: Path) -> None:
    """A path can be revived, and what removes its file is one of its methods."""
    owner = {"$": "instance", "v": "noting_app:conn", "type": "noting_app:Conn"}
    assert forged(**{"$": "method", "v": "ask", "self": owner})() == "answered"
    victim = tmp_path / "victim"
    encoded = encode(victim.unlink, Redactor())
    assert "not a function of the project" in (encoded.why or "")
    with pytest.raises(NotReplayableError, match="not a function of the project"):
        revive(encoded.payload)
    assert app.ran == []


def test_a_lazy_module_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for an object's name asks what each module of the project holds."""
    (tmp_path / "lazy_heavy.py").write_text("raise SystemExit('it was loaded')")
    spec = importlib.util.spec_from_file_location("lazy_heavy", tmp_path / "lazy_heavy.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "lazy_heavy", module)
    spec.loader.exec_module(module)
    for held in (threading.Lock(), threading.local()):
        assert "has no encoder" in (encode([held], Redactor()).why or "")
    assert "_LazyModule" in str(type(module))
