"""Secrets leave before anything is written: by name, by shape, by environment; what only looks like one stays."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import recorded
import treadle
from planted import with_base64_read
from programs import traced
from treadle.values import encode, plain
from treadle.values.redact import Redactor, is_secret_name

LONG = "abcdefghijklmnopqrstuvwxyz0123456789"

SECRET_NAMES = [
    "api_key", "apiKey", "API_KEY", "x-api-key", "OPENAI_API_KEY", "password", "db_password", "passwordHash",
    "authorization", "Authorization", "client_secret", "secret", "token", "access_token", "refreshToken", "auth_token",
    "X-Token", "x-vault-token", "private_key", "aws_secret_access_key", "credentials",
]  # fmt: skip
ORDINARY_NAMES = [
    "max_tokens", "token_count", "next_page_token", "tokens", "tokenizer", "prompt_tokens", "monkey", "keyboard",
    "key", "author", "authors", "secretary", "passwordless_login", "model", "turkey",
]  # fmt: skip


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


@pytest.mark.parametrize(
    "held",
    [
        {"headers": [("authorization", "Basic c3dvcmRmaXNo")]},
        [["X-Api-Key", "swordfish"]],
        {"scope": {"headers": [(b"authorization", b"Bearer swordfish")]}},
        {b"authorization": b"Bearer swordfish"},
        {b"cookie": "session=swordfish"},
        {"password": b"swordfish"},
        {"password": bytearray(b"swordfish")},
        {"api_keys": ["swordfish", "other"]},
        {"authorization": ("Bearer swordfish",)},
        {"data": f"x=1 sk-{LONG}".encode()},
        {"data": b"\x00\xff" + f"sk-{LONG}".encode()},
        {f"sk-{LONG}": 1},
        {"nested": {"deeper": {f"sk-{LONG}": {}}}},
        {"log_in": lambda user, password="swordfish": (user, password)},
        {"log_in": lambda user, *, password="swordfish": (user, password)},
    ],
)
def test_secrets_leave_every_kind_of_holder(held: Any) -> None:
    """Pairs of a header and its value, bytes, lists under a secret's name, and keys of dictionaries."""
    secrets = ("swordfish", "c3dvcmRmaXNo", LONG)
    payload = written(held)
    payload += with_base64_read(payload.encode()).decode("latin-1")
    assert not [secret for secret in secrets if secret in payload]
    assert encode(held, Redactor()).why is not None


@pytest.mark.parametrize(
    "held",
    [
        ["password", "reset"],
        ("token", "Hello"),
        {"token": "Hello", "logprob": -0.1, "bytes": [72]},
        {"cookie": "chocolate chip"},
        {"secret_santa": True, "secrets": [], "credentials": None},
        {"image": b"\x89PNG\r\n\x1a\n" * 100},
        {"password_policy": "long", "token_type": "bearer", "secret_name": "db"},
    ],
    ids=repr,
)
def test_ordinary_holders_stay(held: Any) -> None:
    """Words about secrets, pieces of text that a model made, pictures."""
    assert encode(held, Redactor()).why is None
    assert '"$":"secret"' not in written(held)


def test_a_secret_makes_a_call_not_replayable_and_says_where() -> None:
    """What was not recorded cannot be given again."""
    assert encode({"a": [{"password": "hunter2"}]}, Redactor()).why == "a.password: a secret, which was not recorded"


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


def test_a_variable_that_comes_later_is_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may load its `.env` after its first call, and a notebook in a later cell."""
    redactor = Redactor()
    assert encode("no-known-shape-at-all", redactor).payload == b'"no-known-shape-at-all"'
    monkeypatch.setenv("LATE_SERVICE_TOKEN", "no-known-shape-at-all")
    assert "no-known-shape" not in encode("connect with no-known-shape-at-all", redactor).payload.decode()
    assert json.loads(encode("no-known-shape-at-all", redactor).payload) == {"$": "env", "v": "LATE_SERVICE_TOKEN"}


async def test_secrets_leave_the_names_of_tasks(store: Path) -> None:
    """A program names its tasks after what they do, and for whom."""

    @treadle.trace
    async def work() -> None:
        """Do nothing."""

    await asyncio.create_task(work(), name=f"for sk-proj-{LONG}")
    assert recorded.only(store).start["task"] == "for sk-…"


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
