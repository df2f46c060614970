"""Secrets of every kind leave a text, whatever stands around them; what only looks like one stays."""

import json
from typing import Any

import pytest

from planted import LOOK_ALIKES, SECRETS, Planted
from treadle.values import encode, plain
from treadle.values.redact import Redactor

PATHOLOGICAL = [
    "-eyJ", "eyJaaaaaaaa.", ":////", "://a://", "://a:b@", "sk-", "-sk-sk-a1", "xoxb-1", "ghp_a1", "a-b_c.d", "A",
    "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----\n  | a: b\n", "password='", 'token="',
    "api_key=", "Bearer ", "--token ", "cookie:a=", "12345678:A", "SG.aaaaaaaaaaaaaaaa", "MMMMMMMMMMMMMMMMMMMMMMM.",
    "hooks.slack.com/services/", "jdbc:oracle:thin:a/", 'password\\\\\\"', "&sig=", "dsn=", "İ=",
    "password: Optional[str] = ", "password=x host=", "0123456789abcdef", ":",
]  # fmt: skip
SIZE, HANGS_AFTER_S = 500_000, 30
"""Reading on from each start costs 45 s at least (measured: `(?:api_key=)+!`), and 400 s from each `A`."""


@pytest.mark.parametrize("planted", SECRETS, ids=lambda planted: planted.kind)
@pytest.mark.parametrize("around", ["{}", "before {} after", "line\n{}\nline", "(see {})", "Straße: {}"])
def test_a_secret_is_masked_wherever_it_stands(planted: Planted, around: str) -> None:
    """In the middle of a text of any length, and the rest of the text stays."""
    payload = encode({"content": around.format(planted.text)}, Redactor()).payload
    content = json.loads(plain(payload))["content"]
    assert planted.secret not in content
    before, _, after = around.partition("{}")
    assert content.startswith(before)
    assert content.endswith(after) or "cookie" in planted.kind  # which is the whole line


@pytest.mark.parametrize("planted", SECRETS, ids=lambda planted: planted.kind)
def test_a_secret_is_masked_as_json_in_a_text(planted: Planted) -> None:
    """Tool calls carry their arguments as JSON in a string: there it is escaped."""
    escaped = json.dumps(planted.secret)[1:-1]
    payload = encode(json.dumps({"arguments": planted.text}), Redactor()).payload
    assert escaped not in json.loads(plain(payload))


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_looks_like_a_secret_stays(text: str) -> None:
    """Prose, code, ids, hashes, names and addresses are what a debugger is for."""
    written: Any = json.loads(encode({"content": text}, Redactor()).payload)
    assert written == {"content": text}


@pytest.mark.timeout(HANGS_AFTER_S)
@pytest.mark.parametrize("unit", PATHOLOGICAL)
def test_the_work_grows_with_the_size_alone(unit: str) -> None:
    """A pattern that read on from each of so many starts would not come to its end within the limit."""
    text = (unit * (SIZE // len(unit) + 1))[:SIZE]
    assert len(Redactor().text(text)) <= 2 * len(text)
