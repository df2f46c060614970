"""Names of fields may be secrets themselves, and a text that is cut may end within one."""

import functools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from codec_types import Plain
from pydantic import BaseModel, ConfigDict

from treadle.errors import NotReplayableError
from treadle.values import encode, plain
from treadle.values.limits import LONGEST_BLOB_TEXT, LONGEST_MESSAGE, LONGEST_TEXT
from treadle.values.redact import Redactor
from treadle.values.revive import revive

KEY = "sk-ant-api03-Zx81kLmQ92rTuVwY4aBcDeFgH"


class Open(BaseModel):
    """Takes whatever is given."""

    model_config = ConfigDict(extra="allow")
    n: int = 1


class Noted(Exception):
    """Keeps fields of its own."""


def filled(value: Any, name: str) -> Any:
    """Return a value with a field of this name."""
    vars(value)[name] = 1
    return value


HOLDERS: dict[str, Callable[[str], Any]] = {
    "a namespace": lambda name: SimpleNamespace(**{name: 1}),
    "an object": lambda name: filled(Plain(1), name),
    "an exception": lambda name: filled(Noted("x"), name),
    "a partial": lambda name: functools.partial(print, **{name: 1}),  # type: ignore[arg-type]
    "a model": lambda name: Open(**{name: 1}),
}


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_name_that_is_a_secret_is_masked(kind: str) -> None:
    """What is beside it is recorded, and a replay is not given another name."""
    encoded = encode({"beside": 1, "it": HOLDERS[kind](KEY)}, Redactor())
    assert KEY not in encoded.payload.decode()
    assert "sk-…" in encoded.payload.decode()
    assert json.loads(plain(encoded.payload))["beside"] == 1
    if kind != "an exception":
        assert "name of a field" in (encoded.why or "")


@pytest.mark.parametrize("kind", [kind for kind in HOLDERS if kind != "a model"])
def test_a_name_that_utf8_cannot_hold_is_shown(kind: str) -> None:
    """It makes nothing else unreadable."""
    encoded = encode({"beside": 1, "it": HOLDERS[kind]("a\ud800")}, Redactor())
    assert json.loads(plain(encoded.payload))["beside"] == 1
    assert "a\\\\ud800" in encoded.payload.decode()


@pytest.mark.parametrize("held", [{KEY: iter([])}, {KEY.encode(): iter([])}, SimpleNamespace(**{KEY: iter([])})])
def test_a_reason_names_no_secret(monkeypatch: pytest.MonkeyPatch, held: Any) -> None:
    """Its path is made of the names on the way; a name that is a variable's value is recorded, and no reason."""
    monkeypatch.setenv("MY_SERVICE_TOKEN", KEY)
    encoded = encode({"held": held}, Redactor())
    assert encoded.why
    assert KEY not in encoded.why


def test_odd_names_come_back() -> None:
    """Any text that may be written is a name."""
    value = SimpleNamespace(**{"é": 1, "with space": 2, "": 3})
    encoded = encode(value, Redactor())
    assert encoded.why is None
    assert revive(encoded.payload) == value


@pytest.mark.parametrize("size", [LONGEST_BLOB_TEXT + 1, LONGEST_TEXT + 1])
def test_a_secret_across_the_end_of_a_cut_text_leaves(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Its beginning, which nobody would know any more, is none of the text that is kept."""
    secret = "QWERTYUIOPASDFGHJKLZXCVBNMQWERTY"
    monkeypatch.setenv("BIG_SECRET", secret)
    text = ("x " * LONGEST_TEXT)[: LONGEST_TEXT - 28] + secret
    encoded = encode(text + "y" * (size - len(text)) + "y" * 100, Redactor())
    tree = json.loads(encoded.payload)
    assert (tree["$"], len(tree["v"]) <= LONGEST_TEXT) == ("cut", True)
    assert "WERTY" not in tree["v"]
    with pytest.raises(NotReplayableError):
        revive(encoded.payload)


def test_a_secret_across_the_end_of_a_message_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in any text."""
    secret = "QWERTYUIOPASDFGHJKLZXCVBNMQWERTY"
    monkeypatch.setenv("BIG_SECRET", secret)

    class Long(Exception):
        def __str__(self) -> str:
            return ("x " * LONGEST_MESSAGE)[: LONGEST_MESSAGE - 28] + secret

    assert "WERTY" not in encode(Long(), Redactor()).payload.decode()
