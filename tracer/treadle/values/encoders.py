"""How values of the standard types are written as tagged JSON: one table, by exact type."""

import math
import sys
from collections import deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from re import Pattern
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from treadle.values import bulk
from treadle.values.classes import type_name
from treadle.values.limits import LONGEST_INT_BITS, LONGEST_TEXT

if TYPE_CHECKING:
    from treadle.values.walk import Walk

TAG = "$"
SMALLEST_INT, LARGEST_INT = -(2**63), 2**64 - 1

Encoder = Callable[[Any, Any], Any]
"""Takes the walk and a value, and returns its tree."""


def _itself(_: "Walk", value: Any) -> Any:
    return value


def _int(walk: "Walk", value: int) -> Any:
    if SMALLEST_INT <= value <= LARGEST_INT:
        return value
    bits = value.bit_length()
    return (
        {TAG: "int", "v": hex(value)} if bits <= LONGEST_INT_BITS else walk.cut(value, f"an integer of {bits:,} bits")
    )


def _float(_: "Walk", value: float) -> Any:
    return value if math.isfinite(value) else {TAG: "float", "v": repr(value)}


def _list(walk: "Walk", value: list[Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    if (cut := walk.enter(value)) is not None:
        return cut
    try:
        return walk.items(value)
    finally:
        walk.leave(value)


def _dict(walk: "Walk", value: dict[Any, Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    if (cut := walk.enter(value)) is not None:
        return cut
    try:
        return _inside_dict(walk, value)
    except RecursionError:
        raise
    except RuntimeError:  # another thread changed it while it was walked
        return _inside_dict(walk, value.copy())
    finally:
        walk.leave(value)


def _inside_dict(walk: "Walk", value: dict[Any, Any]) -> Any:
    if TAG not in value and all(map(walk.is_plain_key, value)):
        return walk.fields(value)
    return {TAG: "dict", "v": walk.pairs(value.items())}


def _sequence(tag: str) -> Encoder:
    def encode_sequence(walk: "Walk", value: Any) -> Any:
        if walk.is_too_long(value):
            return walk.cut_items(value)
        return walk.nested(value, lambda: {TAG: tag, "v": walk.items(value)})

    return encode_sequence


def _set(tag: str) -> Encoder:
    def encode_set(walk: "Walk", value: Any) -> Any:
        if walk.is_too_long(value):
            return walk.cut_items(value)
        return walk.nested(value, lambda: {TAG: tag, "v": sorted(walk.items(tuple(value)), key=_sort_key)})

    return encode_set


def _sort_key(tree: Any) -> bytes:
    return orjson.dumps(tree, option=orjson.OPT_SORT_KEYS)


def _deque(walk: "Walk", value: deque[Any]) -> Any:
    if walk.is_too_long(value):
        return walk.cut_items(value)
    return walk.nested(value, lambda: {TAG: "deque", "v": walk.items(tuple(value)), "maxlen": value.maxlen})


def _bytes(tag: str) -> Encoder:
    def encode_bytes(walk: "Walk", value: Any) -> Any:
        cut = bulk.cut_raw(walk, len(value), lambda most: bytes(memoryview(value)[:most]))
        if cut is not None:
            return {**cut, "of": tag}
        masked = bulk.masked(walk, value)
        return {TAG: tag, "v": bulk.raw(walk, value)} if masked is None else masked

    return encode_bytes


def _datetime(walk: "Walk", value: datetime) -> Any:
    fold = {"fold": 1} if value.fold else {}
    if value.tzinfo is None or type(value.tzinfo) is timezone:
        return {TAG: "datetime", "v": value.isoformat(), **fold}
    zone = zone_key(value.tzinfo)
    if zone is None:
        return walk.opaque(value, f"the time zone {type_name(type(value.tzinfo))} has no encoder")
    return {TAG: "datetime", "v": value.replace(tzinfo=None, fold=0).isoformat(), "zone": zone, **fold}


def _time(walk: "Walk", value: time) -> Any:
    if value.tzinfo is not None and type(value.tzinfo) is not timezone:
        return walk.opaque(value, f"the time zone {type_name(type(value.tzinfo))} has no encoder")
    return {TAG: "time", "v": value.isoformat(), **({"fold": 1} if value.fold else {})}


def zone_key(zone: Any) -> str | None:
    """Return the name of a time zone of the IANA data base; None for any other."""
    zoneinfo = sys.modules.get("zoneinfo")
    return zone.key if zoneinfo is not None and type(zone) is zoneinfo.ZoneInfo else None


def _decimal(walk: "Walk", value: Decimal) -> Any:
    text = str(value)
    return {TAG: "decimal", "v": text} if len(text) <= LONGEST_TEXT else walk.cut(value, f"{len(text):,} digits")


def _pattern(walk: "Walk", value: Pattern[Any]) -> Any:
    return {TAG: "regex", "v": walk.tree(value.pattern), "flags": int(value.flags)}


LEAVES: dict[type, Encoder] = {
    int: _int,
    bool: _itself,
    type(None): _itself,
    float: _float,
}
EXACT: dict[type, Encoder] = {
    list: _list,
    dict: _dict,
    tuple: _sequence("tuple"),
    set: _set("set"),
    frozenset: _set("frozenset"),
    deque: _deque,
    bytes: _bytes("bytes"),
    bytearray: _bytes("bytearray"),
    datetime: _datetime,
    date: lambda _, value: {TAG: "date", "v": value.isoformat()},
    time: _time,
    timedelta: lambda _, value: {TAG: "timedelta", "v": [value.days, value.seconds, value.microseconds]},
    timezone: lambda _, value: {TAG: "timezone", "v": value.utcoffset(None).total_seconds()},
    Decimal: _decimal,
    UUID: lambda _, value: {TAG: "uuid", "v": str(value)},
    complex: lambda walk, value: {TAG: "complex", "v": [walk.tree(value.real), walk.tree(value.imag)]},
    range: lambda walk, value: {TAG: "range", "v": walk.items((value.start, value.stop, value.step))},
    type(...): lambda _, _value: {TAG: "ellipsis", "v": None},
    Pattern: _pattern,
}
