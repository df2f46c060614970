"""Pillow's images, to tagged JSON and back: mode, size, pixels, palette, and what `info` holds of plain values."""

import importlib
import io
import sys
from typing import TYPE_CHECKING, Any

from treadle.errors import NotReplayableError
from treadle.values import bulk
from treadle.values.classes import fields_of, held_by, module_of
from treadle.values.encoders import TAG, Encoder

if TYPE_CHECKING:
    from treadle.values.revive import Reviver
    from treadle.values.walk import Walk

PIXEL_BYTES = {"L": 1, "P": 1, "LA": 2, "La": 2, "PA": 2, "I;16": 2, "I;16B": 2, "RGB": 3, "YCbCr": 3, "LAB": 3,
               "HSV": 3, "RGBA": 4, "RGBa": 4, "RGBX": 4, "CMYK": 4, "I": 4, "F": 4}  # fmt: skip
"""Bytes of a pixel by mode; those of mode 1 take a bit, and each row begins with a byte."""
PALETTE_MODES = ("RGB", "RGBA", "CMYK")
LONGEST_SIDE = 1 << 20
"""Pillow keeps a pointer for each row, of an image without pixels too."""
PLAIN = (str, int, float, bool, bytes, type(None))


def shape_of(cls: type) -> str | None:
    """Return how an image is taken apart; None for a class that is none of Pillow's own."""
    pillow = sys.modules.get("PIL.Image")
    if pillow is None or "Image" not in held_by(pillow):
        return None
    if cls is pillow.Image:
        return "image"
    return "image file" if issubclass(cls, pillow.Image) and module_of(cls).startswith("PIL.") else None


def _image(walk: "Walk", value: Any) -> Any:
    size = pixels_bytes(value.mode, value.size)
    if size is None:
        return walk.opaque(value, f"an image of the mode {value.mode} has no encoder")
    tree = {TAG: "image", "mode": value.mode, "size": list(value.size)}
    cut = bulk.cut_raw(walk, size, lambda most: value.tobytes()[:most])
    if cut is not None:
        return {**tree, **cut, TAG: "cut", "of": "image"}
    tree["v"] = bulk.raw(walk, value.tobytes())
    if value.mode in ("P", "PA") and value.palette is not None and value.palette.mode in PALETTE_MODES:
        mode = value.palette.mode
        tree["palette"] = {"mode": mode, "v": bulk.raw(walk, bytes(value.im.getpalette(mode, mode)))}
    if info := {name: item for name, item in value.info.items() if type(name) is str and _is_plain(item)}:
        tree["info"] = walk.forgiving(lambda: walk.fields(info))
    return tree


def _image_file(walk: "Walk", value: Any) -> Any:
    """Return the tree of an image that was opened; one that is not read yet is read from a file of our own."""
    held = fields_of(value)
    if held.get("_im", held.get("im")) is not None:
        return _image(walk, value)
    size = pixels_bytes(value.mode, value.size)
    if size is None or not bulk.fits(walk, size):
        return walk.opaque(value, "an image that is not read yet, and is too large or of an unknown mode")
    source = held.get("filename") or held.get("fp")
    if type(source) is io.BytesIO:
        source = io.BytesIO(source.getvalue())
    elif type(source) is not str:
        return walk.opaque(value, "an image that is not read yet: reading it would move its file on")
    with sys.modules["PIL.Image"].open(source) as image:
        image.load()
        return _image(walk, image)


def pixels_bytes(mode: str, size: tuple[int, int]) -> int | None:
    """Return how many bytes an image's pixels take; None for a mode that is not known."""
    width, height = size
    if mode == "1":
        return (width + 7) // 8 * height
    return width * height * PIXEL_BYTES[mode] if mode in PIXEL_BYTES else None


def _is_plain(item: Any) -> bool:
    return type(item) in PLAIN or (type(item) is tuple and all(type(part) in PLAIN for part in item))


def revive_image(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return the image: of exactly as many pixels as were recorded.

    Raises:
        NotReplayableError: its size or its palette claims more or less than there is.

    """
    pillow = importlib.import_module("PIL.Image")
    width, height = tree["size"]
    data = reviver.raw(tree["v"])
    if (
        min(width, height) < 0
        or max(width, height) > LONGEST_SIDE
        or pixels_bytes(tree["mode"], (width, height)) != len(data)
    ):
        raise NotReplayableError(f"a recorded image of {width}x{height} {tree['mode']} with {len(data):,} bytes")
    image = pillow.frombytes(tree["mode"], (width, height), data) if data else pillow.new(tree["mode"], (width, height))
    if "palette" in tree:
        if tree["palette"]["mode"] not in PALETTE_MODES:
            raise NotReplayableError(f"a recorded palette of the mode {tree['palette']['mode']!r}")
        image.putpalette(reviver.raw(tree["palette"]["v"]), tree["palette"]["mode"])
    image.info.update(reviver.fields(tree.get("info", {})))
    return image


ENCODERS: dict[str, Encoder] = {"image": _image, "image file": _image_file}
BUILDERS = {"image": revive_image}
