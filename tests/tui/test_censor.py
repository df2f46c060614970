"""What is taken out of recorded values once more: every planted secret, in every place of a tagged value."""

import json
from base64 import b64encode
from typing import Any

import pytest

from planted import LOOK_ALIKES, SECRETS, with_base64_read
from treadle.blobs import name_of
from treadle.values.redact import Redactor
from treadle_storage.censor import Censor

PLACES = {
    "itself": lambda text: text,
    "in a list": lambda text: ["a", [text]],
    "under a name": lambda text: {"said": {"more": text}},
    "as a name": lambda text: {text: 1},
    "in a tuple": lambda text: {"$": "tuple", "v": [text]},
    "in a field": lambda text: {"$": "dataclass", "type": "m:C", "v": {"field": text}},
    "in a pair": lambda text: {"$": "dict", "v": [[1, text], [text, 2]]},
    "as bytes": lambda text: {"$": "bytes", "v": b64encode(text.encode()).decode()},
    "with surrogates": lambda text: {"$": "str", "v": b64encode(f"{text} ".encode() + b"\xed\xa0\x80").decode()},
    "in an error": lambda text: {"$": "exception", "type": "builtins:ValueError", "args": [text], "message": text},
    "in a repr": lambda text: {"$": "opaque", "type": "m:C", "why": "it has no encoder", "repr": f"<C {text}>"},
    "as a path": lambda text: {"$": "path", "v": f"/tmp/{text}", "type": "pathlib:PosixPath"},
    "in a stream": lambda text: {"$": "stream", "v": [text], "returned": None},
    "cut": lambda text: {"$": "cut", "of": "str", "v": text, "size": 9},
}  # fmt: skip


def censor(blobs: dict[str, bytes] | None = None) -> Censor:
    """Return one with these blobs at hand."""
    return Censor(Redactor(), (blobs or {}).__getitem__)


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_found_wherever_it_stands(place: str) -> None:
    """Of every kind, and each is told."""
    left = []
    for planted in SECRETS:
        made = censor()
        written = with_base64_read(json.dumps(made.tree(PLACES[place](planted.text))).encode())
        if planted.secret.encode() in written or not made.take_found():
            left.append(planted.kind)
    assert left == []


@pytest.mark.parametrize("place", PLACES)
def test_what_only_looks_like_one_stays(place: str) -> None:
    """To the letter."""
    for text in LOOK_ALIKES:
        tree = PLACES[place](text)
        assert censor().tree(tree) == tree


NAMED: list[tuple[Any, str]] = [
    ({"password": "plain words"}, "password"),
    ({"config": {"api_key": ["a", "b"]}}, "config.api_key"),
    ({"secret": {"$": "bytes", "v": b64encode(b"plain words").decode()}}, "secret"),
    ({"headers": [["authorization", "plain words"]]}, "headers[0][1]"),
    ({"$": "dict", "v": [[{"$": "bytes", "v": b64encode(b"cookie").decode()}, "id=plain"]]}, "cookie"),
    ({"$": "dataclass", "type": "m:C", "v": {"client_secret": "plain words"}}, "client_secret"),
]


@pytest.mark.parametrize(("tree", "path"), NAMED)
def test_a_name_tells_of_a_secret(tree: Any, path: str) -> None:
    """Whatever it looks like; it is told with its path."""
    made = censor()
    written = json.dumps(made.tree(tree))
    assert '{"$": "secret"' in written
    assert "plain" not in written
    assert [found.path for found in made.take_found()] == [path]


def test_a_blob_is_looked_through() -> None:
    """One with a secret is not named any more; the others are kept."""
    texts = [f"a long text with {SECRETS[0].text} in it", "a long text"]
    blobs = {name_of(text.encode()): text.encode() for text in texts}
    trees = [{"$": "blob", "of": "str", "v": name, "size": len(data)} for name, data in blobs.items()]
    made = censor(blobs)
    assert [made.tree(tree) == tree for tree in trees] == [False, True]
    assert list(made.blobs.values()) == [b"a long text"]


def test_what_was_never_recorded_is_told_apart() -> None:
    """A mask stays what it is, and a variable is remembered."""
    made = censor()
    tree = {"key": {"$": "secret", "v": "sk-…"}, "other": {"$": "env", "v": "DB_PASSWORD"}}
    assert made.tree(tree) == tree
    assert [(found.path, found.shown, found.is_new) for found in made.take_found()] == [("key", "sk-…", False)]
    assert made.variables == {"DB_PASSWORD"}
