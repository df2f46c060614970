"""Long texts and raw data go to blobs, and come back from them."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from treadle.errors import NotReplayableError
from treadle.values import digest, encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive
from treadle.values.view import unwrap

REDACTOR = Redactor()


class Blobs:
    """Keeps blobs by their digests."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def keep(self, data: bytes) -> str:
        """Keep one."""
        name = hashlib.blake2b(data, digest_size=16).hexdigest()
        self.held[name] = data
        return name

    def load(self, name: str) -> bytes:
        """Return one."""
        return self.held[name]


VALUES: dict[str, Any] = {
    "text": "é" * 40_000,
    "plain text": "x" * 65_537,
    "surrogates": "\ud800" * 30_000,
    "bytes": b"\xff" * 65_537,
    "bytearray": bytearray(65_537),
    "array": np.arange(70_000, dtype="u1"),
    "memory": memoryview(bytes(65_537)),
    "very long text": "word " * 1_000_000,
    "very long bytes": b"\xfe" * 20_000_000,
}


@pytest.mark.parametrize("name", VALUES)
def test_what_is_long_goes_to_a_blob_and_comes_back(name: str) -> None:
    """The record keeps its name and size; equal values have one digest."""
    blobs = Blobs()
    encoded = encode({"value": [VALUES[name]]}, REDACTOR, keep=blobs.keep)
    assert encoded.why is None
    assert len(encoded.payload) < 300
    assert len(blobs.held) == 1
    (revived,) = revive(encoded.payload, load=blobs.load)["value"]
    assert type(revived) is type(VALUES[name])
    assert np.array_equal(revived, VALUES[name]) if name == "array" else revived == VALUES[name]
    assert digest(encoded.payload) == digest(encode({"value": [revived]}, REDACTOR, keep=blobs.keep).payload)


def test_images_and_pickles_go_to_blobs_too() -> None:
    """All raw data does."""
    blobs = Blobs()
    image = Image.new("RGB", (200, 200), (1, 2, 3))
    encoded = encode([image, iter([bytes(70_000)])], REDACTOR, keep=blobs.keep, may_pickle=True)
    assert len(blobs.held) == 2
    revived = revive(encoded.payload, load=blobs.load, pickles_are_signed=True)
    assert revived[0] == image
    assert list(revived[1]) == [bytes(70_000)]


@pytest.mark.parametrize(
    "value", ["x" * 65_536, "é" * 32_768, b"\xff" * 65_536, np.zeros(8192)], ids=["a", "b", "c", "d"]
)
def test_what_is_not_long_stays_inline(value: Any) -> None:
    """Up to 64 KB."""
    blobs = Blobs()
    encode(value, REDACTOR, keep=blobs.keep)
    assert blobs.held == {}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("x" * 17_000_000, "cut: 17,000,000 characters, 1,000,000 kept"),
        (b"\xff" * 34_000_000, "cut: 34,000,000 bytes"),
        ([b"\xff" * 30_000_000] * 6, "cut: 30,000,000 bytes"),
    ],
    ids=["text", "bytes", "together"],
)
def test_what_is_too_long_for_a_blob_is_cut(value: Any, why: str) -> None:
    """A text keeps its beginning, in a blob; all of a value together has a limit too."""
    blobs = Blobs()
    encoded = encode(value, REDACTOR, keep=blobs.keep)
    assert encoded.why == why
    assert len(encoded.payload) < 1_500
    if isinstance(value, str):
        assert json.loads(plain(encoded.payload, load=blobs.load)) == "x" * 1_000_000


def test_a_secret_does_not_reach_a_blob() -> None:
    """What is measured and kept is the redacted text; bytes that are a text are redacted too."""
    blobs = Blobs()
    key = "sk-proj-" + "a1" * 20
    text = f"key {key} " + "word " * 20_000
    encoded = encode([text, text.encode()], REDACTOR, keep=blobs.keep)
    assert encoded.why == "a secret, which was not recorded"
    assert len(blobs.held) == 1
    assert key not in next(iter(blobs.held.values())).decode()
    assert "word word" in json.loads(plain(encoded.payload, load=blobs.load))[0]
    assert key not in encode(f"{key}".encode(), REDACTOR).payload.decode()


def test_a_disk_that_is_full_leaves_it_inline() -> None:
    """Recording goes on as it would without blobs."""

    def full(data: bytes) -> str:
        raise OSError("no space")

    encoded = encode(["x" * 100_000, b"y" * 100_000], REDACTOR, keep=full)
    assert revive(encoded.payload) == ["x" * 100_000, b"y" * 100_000]


def broken(name: str) -> bytes:
    """Raise, as a folder that is gone would."""
    raise OSError(name)


def test_a_person_reads_blobs_or_how_long_they_are() -> None:
    """Without them at hand, their length is told."""
    blobs = Blobs()
    payload = encode({"text": "x" * 1_234_567, "raw": bytes(70_000)}, REDACTOR, keep=blobs.keep).payload
    for load in (None, broken):
        assert json.loads(plain(payload, load=load)) == {"text": "… (1,234,567 characters)", "raw": "… (70,000 bytes)"}
    shown = unwrap(json.loads(payload), load=blobs.load)
    assert shown["text"] == "x" * 1_234_567
    array = encode(np.arange(100_000), REDACTOR, keep=blobs.keep).payload
    assert json.loads(plain(array))["shape"] == [100_000]
    assert json.loads(plain(array, load=blobs.load))["first"] == list(range(10))


def test_a_blob_that_is_gone_or_changed_is_not_revived() -> None:
    """Its name may be no path, and its size must be what was recorded."""
    blobs = Blobs()
    payload = encode(["x" * 70_000], REDACTOR, keep=blobs.keep).payload
    raw = encode([bytes(70_000)], REDACTOR, keep=blobs.keep).payload
    for held in (payload, raw):
        for load, why in (
            (None, "is not at hand"),
            (broken, "cannot be read"),
            (lambda _: b"short", "is not what was"),
        ):
            with pytest.raises(NotReplayableError, match=why):
                revive(held, load=load)
    forged = {"$": "blob", "of": "str", "v": "../secret", "size": 3}
    with pytest.raises(NotReplayableError, match="is not at hand"):
        revive(json.dumps(forged).encode(), load=lambda _: b"abc")
    assert json.loads(plain(json.dumps(forged).encode(), load=lambda _: b"abc")) == "… (3 characters)"
