"""Arrays and indexes are no hiding place: of bytes that are text, and under names that say secret."""

import array
import json
from base64 import b64encode
from typing import Any

import numpy as np
import pandas as pd
import pytest

from treadle.values import encode, plain
from treadle.values.redact import Redactor

KEY = b"sk-ant-api03-Zx81kLmQ92rTuVwY4aBcDeFgH"
BYTES = {
    "bytes": np.array([KEY]),
    "bytes that stand close": np.array([b"A" * len(KEY), KEY]),
    "a scalar of bytes": np.bytes_(KEY),
    "a scalar of void": np.void(KEY),
    "numbers": np.frombuffer(KEY, "u1"),
    "signed numbers": np.frombuffer(KEY, "i1"),
    "a field of bytes": np.array([(1, KEY)], dtype=[("n", "i4"), ("text", "S60")]),
    "an array of a field": np.array([([KEY, KEY],)], dtype=[("texts", "S60", (2,))]),
    "a record": np.array([(1, KEY)], dtype=[("n", "i4"), ("text", "S60")])[0],
    "array.array": array.array("B", KEY),
    "array.array of signed numbers": array.array("b", KEY),
}


def base64_of(data: bytes) -> list[str]:
    """Return what base64 of anything that ends in the data holds of it, by how it is aligned."""
    return [b64encode(b"x" * shift + data)[4:40].decode() for shift in range(3)]


@pytest.mark.parametrize("name", BYTES)
def test_bytes_in_arrays_are_looked_at(name: str) -> None:
    """Base64 of a key is the key."""
    encoded = encode(BYTES[name], Redactor())
    payload = encoded.payload.decode()
    assert not any(part in payload for part in (KEY.decode(), *base64_of(KEY)))
    assert "secret" in (encoded.why or "")


def test_numbers_that_are_no_text_stay() -> None:
    """Pixels are no secrets."""
    for value in (np.arange(256, dtype="u1"), np.array([b"plain"]), array.array("B", b"plain"), np.zeros(3, "i1")):
        assert encode(value, Redactor()).why is None


@pytest.mark.parametrize("kind", ["U20", "S20", "O"])
def test_fields_under_secret_names_are_masked(kind: str) -> None:
    """Those beside them stay, where the elements are written one by one."""
    inner = [("user", "U10"), ("password", kind)]
    flat = np.array([("u", b"hunter2hunter" if kind == "S20" else "hunter2hunter")], dtype=inner)
    values: list[Any] = [flat, flat[0]]
    if kind != "O":
        values.append(np.array([(1, flat[0])], dtype=[("n", "i4"), ("inner", inner)]))
        values.append(flat[["password"]])
    for value in values:
        encoded = encode(value, Redactor())
        assert "hunter2" not in plain(encoded.payload).decode()
        assert "secret" in (encoded.why or "")
        assert not any(part in encoded.payload.decode() for part in base64_of(b"hunter2hunter"))
    if kind == "U20":
        assert json.loads(plain(encode(flat, Redactor()).payload)) == [{"user": "u", "password": "…"}]


def test_numbers_under_secret_names_stay() -> None:
    """As in a frame's columns."""
    assert encode(np.zeros(2, dtype=[("password", "f8")]), Redactor()).why is None


@pytest.mark.parametrize("keys", ["password", ["n", "password"]])
def test_an_index_under_a_secret_name_is_masked(keys: Any) -> None:
    """A column is put there by `set_index`, and a level by that of several; what is beside it can still be read."""
    frame = pd.DataFrame({"n": [1], "text": ["kept"], "password": ["hunter2hunter"]}).set_index(keys)
    for value in (frame, frame["text"], frame.index):
        encoded = encode(value, Redactor())
        assert "hunter2" not in encoded.payload.decode()
        assert "password" in (encoded.why or "")
    assert json.loads(plain(encode(frame, Redactor()).payload))[0]["text"] == "kept"
