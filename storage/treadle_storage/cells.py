"""Columns as the Python values that people print: one decoder for each family of DuckDB types."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from treadle_storage.columns import Column

_UNITS_A_SECOND = {
    "TIMESTAMP": 10**6, "TIMESTAMP WITH TIME ZONE": 10**6,
    "TIMESTAMP_NS": 10**9, "TIMESTAMP_MS": 10**3, "TIMESTAMP_S": 1,
}  # fmt: skip
_INFINITE = np.iinfo(np.int64).max
_FROM_TEXT: dict[str, Callable[[str], object]] = {
    "HUGEINT": int, "UHUGEINT": int, "DATE": date.fromisoformat, "TIME": time.fromisoformat,
}  # fmt: skip


def cells_of(column: Column) -> list[Any]:
    """Return a column's values in Python's own types, None where null."""
    if column.dictionary is not None:
        return _decoded(column)
    if column.type in _UNITS_A_SECOND:
        cells: list[Any] = _moments(column)
    else:
        cells = column.values.tolist()
    if column.nulls is None:
        return cells
    return [None if null else cell for cell, null in zip(cells, column.nulls.tolist(), strict=True)]


def _decoded(column: Column) -> list[Any]:
    convert = Decimal if column.type.startswith("DECIMAL") and "[" not in column.type else _FROM_TEXT.get(column.type)
    if convert is None:
        return column.texts()
    lookup = [_converted(convert, entry) for entry in column.dictionary or ()]
    lookup.append(None)
    return [lookup[code] for code in column.values.tolist()]


def _converted(convert: Callable[[str], object], entry: Any) -> object:
    try:
        return convert(entry)
    except ValueError:  # infinity, or a year that Python's calendar does not reach: its text says it best
        return entry


def _moments(column: Column) -> list[Any]:
    units = _UNITS_A_SECOND[column.type]
    zone = UTC if column.type == "TIMESTAMP WITH TIME ZONE" else None
    return [_moment(stamp, units, zone) for stamp in column.values.tolist()]


def _moment(stamp: int, units_a_second: int, zone: object) -> datetime | str:
    if abs(stamp) == _INFINITE:
        return "infinity" if stamp > 0 else "-infinity"
    seconds, rest = divmod(stamp, units_a_second)
    try:
        moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 10**6 // units_a_second)
    except (ValueError, OverflowError, OSError):
        return str(np.datetime64(seconds, "s"))
    return moment if zone else moment.replace(tzinfo=None)
