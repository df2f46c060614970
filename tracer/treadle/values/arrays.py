"""numpy's arrays and scalars, to tagged JSON and back: raw bytes, but for what holds text or objects.

numpy is never imported in the traced program: where it is not loaded there are no arrays.
"""

import importlib
import math
import re
import sys
from typing import TYPE_CHECKING, Any

from treadle.errors import NotReplayableError
from treadle.values import bulk
from treadle.values.array_texts import has_secret_field, text_of, without_secret_fields
from treadle.values.classes import held_by, module_of, type_name
from treadle.values.encoders import TAG, Encoder
from treadle.values.limits import KEPT_ITEMS, LONGEST_BLOB_BYTES

if TYPE_CHECKING:
    from treadle.values.revive import Reviver
    from treadle.values.walk import Walk

TEXT_KINDS = "UOT"
"""Kinds of elements that are written one by one: secrets are looked for in texts, and objects have trees."""
PLAIN_DTYPE = re.compile(r"[<>|=][biufcmMVSUO]\d*(\[\w+\])?")
LONG_DOUBLES = "gG"
X87_MANTISSA_BITS = 63
"""Of a long double that takes 10 of its 16 bytes."""
USERS_OWN = 2
"""What `isbuiltin` says of a dtype that a library has added."""


def shape_of(cls: type) -> str | None:
    """Return how a class of numpy's is taken apart; None for any other."""
    numpy = sys.modules.get("numpy")
    if numpy is None or "memmap" not in held_by(numpy):
        return None
    if cls is numpy.ndarray or cls is numpy.memmap:
        return "ndarray"
    if issubclass(cls, numpy.generic) and module_of(cls) == "numpy":
        return "scalar"
    return "dtype" if issubclass(cls, numpy.dtype) else None


def _ndarray(walk: "Walk", value: Any) -> Any:
    """Return the tree of an array; one that is mapped from a file is revived as one in memory."""
    spec = _spec(value.dtype)
    if spec is None:
        return _opaque(walk, value, f"an array of {value.dtype} has no encoder")
    tree = {TAG: "ndarray", "dtype": spec, "shape": list(value.shape)}
    if _holds_text(value.dtype):
        return _by_items(walk, value, tree)
    cut = bulk.cut_raw(walk, value.nbytes, lambda most: value.flat[: most // value.itemsize].tobytes())
    if cut is not None:
        return {**cut, "of": "ndarray", "dtype": spec, "shape": tree["shape"]}
    value = _without_padding(value)
    if (masked := _masked(walk, value)) is not None:
        return masked
    if value.flags.f_contiguous and not value.flags.c_contiguous:
        return {**tree, "order": "F", "v": bulk.raw(walk, value.tobytes(order="F"))}
    return {**tree, "v": bulk.raw(walk, value.tobytes())}


def _by_items(walk: "Walk", value: Any, tree: dict[str, Any]) -> Any:
    parts = len(value.dtype.names or (0,))
    if value.nbytes > LONGEST_BLOB_BYTES or walk.is_too_many(value.size * parts):
        why = f"{value.size:,} items, {KEPT_ITEMS:,} kept"
        walk.refuse(f"cut: {why}")
        kept = walk.items(_records(value.flat[:KEPT_ITEMS]))
        return {**tree, TAG: "cut", "of": "ndarray", "items": kept, "v": None, "size": value.size, "why": why}
    return {**tree, "items": walk.items(_records(value.ravel()))}


def _records(flat: Any) -> list[Any]:
    records: list[Any] = flat.tolist()
    return without_secret_fields(records, flat.dtype) if has_secret_field(flat.dtype) else records


def _masked(walk: "Walk", value: Any) -> Any:
    """Return what stands for an array or scalar with a secret in it; None where there is none."""
    if has_secret_field(value.dtype):
        return _secret(walk)
    return bulk.masked(walk, text) if (text := text_of(value)) else None


def _opaque(walk: "Walk", value: Any, why: str) -> Any:
    """Stand in for what is only shown: a repr tells no names of fields beside what is in them."""
    return _secret(walk) if has_secret_field(value.dtype) else walk.opaque(value, why)


def _secret(walk: "Walk") -> Any:
    walk.refuse("a secret, which was not recorded")
    return {TAG: "secret", "v": "…"}


def _without_padding(value: Any) -> Any:
    """Return a copy whose gaps are zero, where there are any: what lies there by chance makes equal values differ."""
    numpy = sys.modules["numpy"]
    if value.dtype.names is not None:
        clean = numpy.zeros(value.shape, value.dtype)
        for name in value.dtype.names:
            clean[name] = _without_padding(value[name])
        return clean
    if value.dtype.char in LONG_DOUBLES and numpy.finfo(numpy.longdouble).nmant == X87_MANTISSA_BITS:
        clean = numpy.array(value, order="C")
        clean.reshape(-1).view("u1").reshape(-1, 16)[:, 10:] = 0
        return clean
    return value


def _scalar(walk: "Walk", value: Any) -> Any:
    kind = value.dtype.kind
    if kind == "U":
        return {TAG: "scalar", "dtype": kind, "v": walk.text(str.__str__(value))}
    spec = _spec(value.dtype)
    if spec is None or _holds_text(value.dtype):
        return _opaque(walk, value, f"{type_name(type(value))} of {value.dtype} has no encoder")
    data = bytes.__getitem__(value, slice(None)) if kind == "S" else _without_padding(value).tobytes()
    cut = bulk.cut_raw(walk, len(data), lambda most: data[:most])
    if cut is not None:
        return {**cut, "of": "scalar"}
    masked = bulk.masked(walk, data) if kind == "S" else _masked(walk, value)
    if masked is not None:
        return masked
    return {TAG: "scalar", "dtype": "S" if kind == "S" else spec, "v": bulk.raw(walk, data)}


def _dtype(walk: "Walk", value: Any) -> Any:
    spec = _spec(value)
    return walk.opaque(value, f"{value} has no encoder") if spec is None else {TAG: "dtype", "v": spec}


def _spec(dtype: Any) -> Any:
    """Return what a dtype is made again from: its code, or of a structured one its fields; None for any other."""
    if dtype.isbuiltin == USERS_OWN:
        return None
    if dtype.kind == "T":
        return "T" if dtype == sys.modules["numpy"].dtypes.StringDType() else None
    if dtype.names is None:
        return dtype.str if dtype.subdtype is None and PLAIN_DTYPE.fullmatch(dtype.str) else None
    fields = []
    for name in dtype.names:
        inner, offset, *titles = dtype.fields[name]
        spec = _spec(inner.base)
        if spec is None or inner.hasobject or not all(type(title) is str for title in titles):
            return None
        fields.append([name, spec, offset, list(inner.shape), *titles])
    return {"fields": fields, "size": dtype.itemsize}


def _holds_text(dtype: Any) -> bool:
    if dtype.names is None:
        return dtype.base.kind in TEXT_KINDS
    return any(_holds_text(dtype.fields[name][0]) for name in dtype.names)


def revive_ndarray(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    """Return the array: of exactly the size that its bytes or items have.

    Raises:
        NotReplayableError: the shape claims more or less than there is.

    """
    numpy = importlib.import_module("numpy")
    dtype = _revived_dtype(numpy, tree["dtype"])
    shape = tuple(tree["shape"])
    if any(type(length) is not int or length < 0 for length in shape):
        raise NotReplayableError(f"a recorded array of the shape {shape}")
    count = math.prod(shape)
    if _holds_text(dtype):
        return _from_items(numpy, reviver.value(tree["items"]), dtype, shape)
    data = reviver.raw(tree["v"])
    if dtype.itemsize == 0 or dtype.itemsize * count != len(data):
        raise NotReplayableError(f"a recorded array of {shape} {dtype} with {len(data):,} bytes")
    flat = numpy.frombuffer(bytearray(data), dtype) if data else numpy.empty(0, dtype)
    return flat.reshape(shape, order=tree.get("order", "C"))


def _from_items(numpy: Any, items: list[Any], dtype: Any, shape: tuple[int, ...]) -> Any:
    count = math.prod(shape)
    if count != len(items) or dtype.itemsize * count > LONGEST_BLOB_BYTES:
        raise NotReplayableError(f"a recorded array of {shape} {dtype} with {len(items):,} items")
    flat = numpy.empty(count, dtype)
    for position, item in enumerate(items):
        flat[position] = item
    return flat.reshape(shape)


def _revived_scalar(reviver: "Reviver", tree: dict[str, Any]) -> Any:
    numpy = importlib.import_module("numpy")
    if tree["dtype"] == "U":
        return numpy.str_(reviver.value(tree["v"]))
    data = reviver.raw(tree["v"])
    if tree["dtype"] == "S":
        return numpy.bytes_(data)
    dtype = _revived_dtype(numpy, tree["dtype"])
    if dtype.itemsize != len(data) or _holds_text(dtype):
        raise NotReplayableError(f"a recorded {dtype} with {len(data):,} bytes")
    return numpy.frombuffer(bytearray(data), dtype)[0]


def _revived_dtype(numpy: Any, spec: Any) -> Any:
    if spec == "T":
        return numpy.dtypes.StringDType()
    if isinstance(spec, str):
        if not PLAIN_DTYPE.fullmatch(spec):
            raise NotReplayableError(f"a recorded array of {spec!r}")
        return numpy.dtype(spec)
    names, formats, offsets, titled = [], [], [], []
    for name, inner, offset, shape, *titles in spec["fields"]:
        found = _revived_dtype(numpy, inner)
        if found.hasobject:
            raise NotReplayableError("a recorded array of records with objects in them")
        names.append(name)
        formats.append((found, tuple(shape)) if shape else found)
        offsets.append(offset)
        titled.append(titles[0] if titles else None)
    parts = {"names": names, "formats": formats, "offsets": offsets, "titles": titled, "itemsize": spec["size"]}
    return numpy.dtype(parts)


ENCODERS: dict[str, Encoder] = {"ndarray": _ndarray, "scalar": _scalar, "dtype": _dtype}
BUILDERS = {
    "ndarray": revive_ndarray,
    "scalar": _revived_scalar,
    "dtype": lambda _, tree: _revived_dtype(importlib.import_module("numpy"), tree["v"]),
}
