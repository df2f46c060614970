"""A secret of the environment leaves in whatever form it stands inside a text, and so does the one that follows it."""

import json
from pathlib import Path

import pytest

import recorded
import treadle
from treadle.values import encode
from treadle.values.redact import Redactor

ODD = "ab\\cd'ef\"ghíjk99"


def test_a_rotated_secret_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of variables does not tell that one has another value; texts that were clean are looked at again."""
    monkeypatch.setenv("API_TOKEN", "first-value-qqqq")
    redactor = Redactor()
    encode(["text second-value-qqqq"], redactor)
    monkeypatch.setenv("API_TOKEN", "second-value-qqqq")
    encode("a text that was never seen", redactor)
    for value in ("second-value-qqqq", "text second-value-qqqq", {"text second-value-qqqq": 1}):
        assert "second-value" not in encode(value, redactor).payload.decode()
    assert json.loads(encode("second-value-qqqq", redactor).payload) == {"$": "env", "v": "API_TOKEN"}


@pytest.mark.parametrize("word", ["KEY", "TOKEN", "SECRET", "PASSWORD", "DSN", "CREDENTIAL", "CREDENTIALS"])
def test_a_secret_has_a_secret_name_and_twelve_characters(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """What is shorter may stand anywhere by chance."""
    monkeypatch.setenv(f"SERVICE_{word}", "twelve chars")
    assert json.loads(encode("twelve chars", Redactor()).payload) == {"$": "env", "v": f"SERVICE_{word}"}
    monkeypatch.setenv(f"SERVICE_{word}", "only eleven")
    assert encode("only eleven", Redactor()).payload == b'"only eleven"'


def test_a_short_secret_that_grows_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A placeholder is too short to be looked for, and still is a variable that may be given a value."""
    monkeypatch.setenv("API_TOKEN", "todo")
    redactor = Redactor()
    monkeypatch.setenv("API_TOKEN", "second-value-qqqq")
    assert "second-value" not in encode("text second-value-qqqq", redactor).payload.decode()


@pytest.mark.parametrize(
    "text", [repr(ODD), repr([ODD]), json.dumps({"a": ODD}), json.dumps([ODD], ensure_ascii=False), f"x {ODD} y"]
)
def test_a_secret_is_known_as_python_and_json_write_it(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Its quotes and backslashes are escaped there."""
    monkeypatch.setenv("DB_PASSWORD", ODD)
    payload = encode(text, Redactor()).payload.decode()
    assert "ef" not in payload
    assert "jk99" not in payload


def test_a_secret_inside_a_local_is_known(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locals are shown as Python writes them."""
    monkeypatch.setenv("DB_PASSWORD", ODD)

    @treadle.trace
    def fail() -> None:
        held = [ODD]
        raise ValueError(len(held))

    with pytest.raises(ValueError, match="1"):
        fail()
    (frame,) = recorded.only(store).end["error"]["frames"]
    assert frame["locals"]["held"] == "['…']"
