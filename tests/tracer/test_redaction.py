"""Secrets leave before anything is written: by name, by shape, by environment; what only looks like one stays."""

import json
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from programs import traced
from treadle.values import encode, plain
from treadle.values.redact import Redactor, is_secret_name

LONG = "abcdefghijklmnopqrstuvwxyz0123456789"

SECRET_NAMES = [
    "api_key", "apiKey", "API_KEY", "x-api-key", "OPENAI_API_KEY", "password", "db_password", "passwordHash",
    "authorization", "Authorization", "client_secret", "secret", "token", "access_token", "refreshToken", "auth_token",
    "private_key", "aws_secret_access_key", "credentials",
]  # fmt: skip
ORDINARY_NAMES = [
    "max_tokens", "token_count", "next_page_token", "tokens", "tokenizer", "prompt_tokens", "monkey", "keyboard",
    "key", "author", "authors", "secretary", "passwordless_login", "model", "turkey",
]  # fmt: skip

SHAPES = [
    f"sk-proj-{LONG}",
    f"sk-{LONG}",
    f"sk_live_{LONG}",
    f"rk_live_{LONG}",
    f"ghp_{LONG}",
    f"github_pat_{LONG}",
    f"glpat-{LONG}",
    f"xoxb-{LONG}",
    f"hf_{LONG}",
    "AKIAIOSFODNN7EXAMPLE",
    f"AIza{LONG[:35]}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    f"-----BEGIN RSA PRIVATE KEY-----\n{LONG}\n-----END RSA PRIVATE KEY-----",
    f"Bearer {LONG}",
    "postgresql://user:hunter2hunter@db.example.com/app",
    "redis://:hunter2hunter@cache:6379/0",
]
LOOK_ALIKES = [
    "ask-me-anything-about-this-topic",
    "task-123456789012345678901234567890",
    "risk-assessment-for-the-whole-quarter",
    "sk-short",
    "https://example.com/a:b@c",
    "https://example.com:8080/path?at=me@example.com",
    "see eyJ in the text",
    "the bearer of bad news",
    "a PRIVATE KEY is a key that is private",
    "ghp_short",
]


def written(value: Any) -> str:
    """Return what is written of a value."""
    return encode(value, Redactor()).payload.decode()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_values_under_secret_names_are_masked(name: str) -> None:
    """Whatever they look like, in dicts and in fields."""
    assert is_secret_name(name)
    payload = written({"options": {name: "ordinary words"}})
    assert "ordinary" not in payload
    assert json.loads(payload)["options"][name]["$"] == "secret"


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_ordinary_names_stay(name: str) -> None:
    """Words that hold a secret word, or count tokens, name no secret."""
    assert json.loads(written({name: "value"})) == {name: "value"}


@pytest.mark.parametrize("secret", SHAPES, ids=lambda secret: secret[:12])
@pytest.mark.parametrize("around", ["{}", "before {} after", "x={}, y", "line\n{}\nline"])
def test_known_shapes_are_masked_anywhere(secret: str, around: str) -> None:
    """Inside a text of any length, and the rest of the text stays."""
    text = around.format(secret)
    payload = written({"content": text})
    inner = secret.partition("://")[2].partition("@")[0] or secret.removeprefix("Bearer ")
    assert inner not in json.loads(plain(payload.encode()))["content"]
    if "before" in around:
        assert "before " in payload
        assert " after" in payload


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_stay(text: str) -> None:
    """A text that only begins like a secret is written as it is."""
    assert json.loads(written({"content": text})) == {"content": text}


def test_a_secret_makes_a_call_not_replayable_and_says_where() -> None:
    """What was not recorded cannot be given again."""
    assert encode({"a": [{"password": "hunter2"}]}, Redactor()).why == "a: a secret, which was not recorded"


def test_values_of_secret_variables_are_stored_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read again on replay; short values and other variables stay."""
    monkeypatch.setenv("MY_SERVICE_TOKEN", "no-known-shape-at-all")
    monkeypatch.setenv("SHORT_KEY", "short")
    monkeypatch.setenv("FAVOURITE_COLOUR", "a-long-ordinary-value")
    encoded = encode(["no-known-shape-at-all", "short", "a-long-ordinary-value"], Redactor())
    assert json.loads(encoded.payload) == [{"$": "env", "v": "MY_SERVICE_TOKEN"}, "short", "a-long-ordinary-value"]
    assert encoded.why is None
    assert json.loads(plain(encoded.payload))[0] == "${MY_SERVICE_TOKEN}"


def test_variables_inside_a_text_are_masked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret in the middle of a prompt is as secret."""
    monkeypatch.setenv("MY_SERVICE_TOKEN", "no-known-shape-at-all")
    assert "no-known-shape" not in written({"content": "connect with no-known-shape-at-all, please"})


def test_the_users_own_redaction_comes_first(store: Path) -> None:
    """`redact=` sees every text that would be written."""
    treadle.configure(redact=lambda text: text.replace("Ann", "[name]"))

    @treadle.trace
    def greet(name: str) -> str:
        return f"Hello {name}"

    assert greet("Ann") == "Hello Ann"
    call = recorded.only(store)
    assert "Ann" not in recorded.journals(store)[0].read_text()
    assert call.output == "Hello [name]"


def test_a_redaction_that_raises_hides_the_text(store: Path) -> None:
    """What could not be redacted is not written, and the call goes on."""

    def broken(text: str) -> str:
        raise RuntimeError("broken")

    treadle.configure(redact=broken)

    @treadle.trace
    def greet(name: str) -> str:
        return f"Hello {name}"

    assert greet("Ann") == "Hello Ann"
    assert "Ann" not in recorded.journals(store)[0].read_text()


def test_secrets_leave_errors_too(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages, stacks, source lines and locals of a failed call are redacted."""
    monkeypatch.setenv("MY_SERVICE_TOKEN", "no-known-shape-at-all")
    hidden = f"sk-proj-{LONG}"

    @treadle.trace
    def fail(password: str) -> None:
        key = hidden
        held = {"password": password, "key": key}
        raise ValueError(f"rejected {key} and {password}: {len(held)}")

    with pytest.raises(ValueError, match="rejected"):
        fail("no-known-shape-at-all")
    text = recorded.journals(store)[0].read_text()
    assert hidden not in text
    assert "no-known-shape" not in text


def test_secrets_leave_source_lines_too(store: Path, tmp_path: Path) -> None:
    """A key that is written into the failing line is not copied from it."""
    (tmp_path / "app.py").write_text(f"raise ValueError(len('sk-proj-{LONG}'))")
    traced("app.py", cwd=tmp_path)
    text = recorded.journals(store)[0].read_text()
    assert "raise ValueError" in text
    assert LONG not in text


def test_a_text_that_comes_again_is_judged_the_same() -> None:
    """Long texts are remembered when they were clean, and only then."""
    redactor = Redactor()
    clean, dirty = "word " * 100, "word " * 100 + f"sk-{LONG}"
    for _ in range(3):
        assert redactor.text(clean) is clean
        assert LONG not in redactor.text(dirty)
