"""What a module of the project holds under a name, and cannot be recorded otherwise, is found again by its name."""

import importlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

import closure_types
import pytest

from treadle.errors import NotReplayableError
from treadle.values import digest, encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (closure_types.CLIENT, "closure_types:CLIENT"),
        (closure_types.LOCK, "closure_types:LOCK"),
        (closure_types.Registry.lock, "closure_types:Registry.lock"),
    ],
)
def test_a_named_object_is_recorded_by_name(value: Any, name: str) -> None:
    """A client, a lock, an attribute of a class: the very object comes back."""
    encoded = encode({"value": [value]}, REDACTOR)
    assert encoded.why is None
    assert json.loads(plain(encoded.payload)) == {"value": [name]}
    assert revive(encoded.payload)["value"][0] is value
    assert not digest(encoded.payload)[1]


def test_a_method_of_a_named_object_comes_back() -> None:
    """It is what is passed around most."""
    assert revive(encode(closure_types.CLIENT.ask, REDACTOR).payload)() == "answered"


def test_an_object_that_got_its_name_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client is often made at the first call."""
    client = closure_types.Client()
    assert encode(client, REDACTOR).why == "_lock: _thread.lock has no encoder"
    monkeypatch.setattr(closure_types, "late", client)
    assert revive(encode(client, REDACTOR).payload) is client


def test_what_fields_can_tell_is_told_by_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """The object may be another one tomorrow: what it held is what the call was given."""
    plain_one = closure_types.Money(3)
    monkeypatch.setattr(closure_types, "late", plain_one)
    assert json.loads(encode(plain_one, REDACTOR).payload)["$"] == "object"


def test_an_unnamed_object_is_not_recorded() -> None:
    """Nor is one that only a library or a test's own frame holds."""
    assert encode(threading.Lock(), REDACTOR).why == "_thread.lock has no encoder"
    assert encode(sys.stdout.buffer, REDACTOR).why is not None


@pytest.mark.parametrize(
    "forged",
    [
        {"v": "closure_types:CLIENT", "type": "closure_types:Money"},
        {"v": "closure_types:Client", "type": "builtins:type"},
        {"v": "closure_types:threading", "type": "builtins:module"},
        {"v": "os:environ", "type": "os:_Environ"},
        {"v": "closure_types:GONE", "type": "closure_types:Client"},
    ],
    ids=str,
)
def test_a_forged_name_is_refused(forged: dict[str, str]) -> None:
    """Of another type than it claims, of a class or a module, outside of the project, or gone."""
    with pytest.raises(NotReplayableError):
        revive(json.dumps({"$": "instance", **forged}).encode())


def test_nothing_outside_the_project_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording names modules: importing one runs it."""
    package = tmp_path / "site-packages" / "installed_thing"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('it ran')")
    monkeypatch.syspath_prepend(str(package.parent))
    importlib.invalidate_caches()
    for name in ("installed_thing:X", "installed_thing.inner:X", "antigravity:X"):
        with pytest.raises(NotReplayableError, match="neither the project's nor trusted"):
            revive(json.dumps({"$": "type", "v": name}).encode())
    assert "antigravity" not in sys.modules
