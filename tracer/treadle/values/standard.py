"""Types of the standard library that few programs use: known by name, so that nothing is imported for them."""

import gc
import types
from typing import TYPE_CHECKING, Any

from treadle.values import bulk
from treadle.values.array_texts import number_text
from treadle.values.classes import fields_of, type_name
from treadle.values.encoders import TAG, Encoder, zone_key
from treadle.values.field_names import named_fields

if TYPE_CHECKING:
    from treadle.values.walk import Walk

IP_TYPES = ("IPv4Address", "IPv4Interface", "IPv4Network", "IPv6Address", "IPv6Interface", "IPv6Network")
ARRAY_TYPECODES = "bBhHiIlLqQfd"
"""Not `u` and `w`, which hold text."""


def _zone(walk: "Walk", value: Any) -> Any:
    key = zone_key(value)
    return walk.opaque(value, "a time zone without a name") if key is None else {TAG: "zone", "v": key}


def _fraction(walk: "Walk", value: Any) -> Any:
    return {TAG: "fraction", "v": walk.items((value.numerator, value.denominator))}


def _ip(walk: "Walk", value: Any) -> Any:
    return {TAG: "ip", "type": type_name(type(value)).partition(":")[2], "v": walk.tree(str(value))}


def _namespace(walk: "Walk", value: Any) -> Any:
    return {TAG: "namespace", "v": named_fields(walk, fields_of(value))}


def _mapping_proxy(walk: "Walk", value: Any) -> Any:
    (held,) = gc.get_referents(value)  # its own methods would call those of what it stands before
    if type(held) is not dict:
        return walk.opaque(value, f"a view of a {type_name(type(held))}")
    return {TAG: "mappingproxy", "v": walk.tree(held)}


def _array(walk: "Walk", value: Any) -> Any:
    if value.typecode not in ARRAY_TYPECODES:
        return walk.opaque(value, f"an array of {value.typecode!r} has no encoder")
    cut = bulk.cut_raw(walk, len(value) * value.itemsize, lambda most: value[: most // value.itemsize + 1].tobytes())
    if cut is not None:
        return {**cut, "of": "array"}
    data = value.tobytes()
    text = number_text(data) if value.itemsize == 1 else b""
    masked = bulk.masked(walk, text) if text else None
    if masked is not None:
        return masked
    return {TAG: "array", "type": value.typecode, "itemsize": value.itemsize, "v": bulk.raw(walk, data)}


def _memory(walk: "Walk", value: memoryview) -> Any:
    if not value.c_contiguous or value.ndim != 1:
        return walk.opaque(value, "a memoryview that is not one piece")
    cut = bulk.cut_raw(walk, value.nbytes, lambda most: value.cast("B")[:most].tobytes())
    if cut is not None:
        return {**cut, "of": "memoryview"}
    held = value.tobytes()
    masked = bulk.masked(walk, held)
    if masked is not None:
        return masked
    return {TAG: "memoryview", "v": bulk.raw(walk, held), "format": value.format, "readonly": value.readonly}


BY_CLASS: dict[type, str] = {
    types.SimpleNamespace: "namespace",
    types.MappingProxyType: "mappingproxy",
    memoryview: "memoryview",
}
ENCODERS: dict[str, Encoder] = {"namespace": _namespace, "mappingproxy": _mapping_proxy, "memoryview": _memory}
BY_NAME: dict[str, Encoder] = {
    "zoneinfo:ZoneInfo": _zone,
    "fractions:Fraction": _fraction,
    "array:array": _array,
    **{f"ipaddress:{name}": _ip for name in IP_TYPES},
}
