"""Pillow's images come back to the pixel, and one that is not read yet is not read from the program's file."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from treadle.errors import NotReplayableError
from treadle.values import encode, plain
from treadle.values.redact import Redactor
from treadle.values.revive import revive

REDACTOR = Redactor()
MODES = [
    "1",
    "L",
    "P",
    "RGB",
    "RGBA",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "LA",
    "PA",
    "RGBX",
    "RGBa",
    "La",
    "I;16",
]


def picture(mode: str = "RGB") -> Image.Image:
    """Return an image whose pixels differ."""
    image = Image.new("RGBA", (11, 3))
    image.putdata([(n * 7 % 256, n * 5 % 256, n, 255 - n) for n in range(33)])
    through = {"LAB": "RGB", "La": "LA", "I;16": "L", "HSV": "RGB", "PA": "P", "RGBX": "RGB", "YCbCr": "RGB"}
    return image.convert(through[mode]).convert(mode) if mode in through else image.convert(mode)


@pytest.mark.parametrize("mode", MODES)
def test_an_image_comes_back_to_the_pixel(mode: str) -> None:
    """In each mode, with its palette and what is plain of its info."""
    image = picture(mode)
    image.info.update({"dpi": (72, 72), "comment": b"made", "odd": object()})
    encoded = encode(image, REDACTOR)
    assert encoded.why is None
    del image.info["odd"]
    revived = revive(encoded.payload)
    assert type(revived) is Image.Image
    assert revived == image
    assert json.loads(plain(encoded.payload)) == f"<image {mode} 11x3>"


def test_an_empty_image_comes_back() -> None:
    """It has no pixels."""
    assert revive(encode(Image.new("RGB", (0, 4)), REDACTOR).payload).size == (0, 4)


@pytest.mark.parametrize("is_read", [False, True])
def test_an_opened_image_comes_back_and_stays_as_it_was(is_read: bool, tmp_path: Path) -> None:
    """From a path or from memory, read already or not: the program's own file does not move."""
    path = tmp_path / "picture.png"
    picture().save(path)
    memory = io.BytesIO(path.read_bytes())
    for source in (path, memory):
        with Image.open(source) as image:
            if is_read:
                image.load()
            before = memory.tell()
            encoded = encode(image, REDACTOR)
            assert encoded.why is None
            assert memory.tell() == before
            assert revive(encoded.payload).tobytes() == picture().tobytes() == image.tobytes()


def test_an_image_that_only_the_programs_file_has_is_not_read(tmp_path: Path) -> None:
    """Reading it would move that file on."""
    path = tmp_path / "picture.png"
    picture().save(path)
    with path.open("rb") as file, Image.open(io.BufferedReader(io.FileIO(file.fileno(), closefd=False))) as image:
        image.filename = ""
        assert "would move its file" in (encode(image, REDACTOR).why or "")
        assert image.tobytes() == picture().tobytes()


@pytest.mark.parametrize(
    "forged",
    [
        {"mode": "RGB", "size": [100_000, 100_000], "v": "AAAA"},
        {"mode": "RGB", "size": [-1, -1], "v": "AAAA"},
        {"mode": "RGB", "size": [0, 1 << 40], "v": ""},
        {"mode": "BGR;15", "size": [1, 1], "v": "AAAA"},
        {"mode": "P", "size": [1, 1], "v": "AA==", "palette": {"mode": "raw", "v": "AAAA"}},
    ],
    ids=str,
)
def test_a_forged_image_is_refused(forged: dict[str, Any]) -> None:
    """Of another size than its pixels, or larger than any machine."""
    payload = json.dumps({"$": "image", **forged}).encode()
    json.loads(plain(payload))
    with pytest.raises(NotReplayableError):
        revive(payload)


def test_a_large_image_is_cut() -> None:
    """Its mode, size and digest stay."""
    encoded = encode({"image": Image.new("RGB", (4000, 3000))}, REDACTOR)
    assert encoded.why == "image: cut: 36,000,000 bytes"
    tree = json.loads(encoded.payload)["image"]
    assert (tree["mode"], tree["size"], "digest" in tree) == ("RGB", 36_000_000, True)
