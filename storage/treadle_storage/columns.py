"""Query results as columns: what the owner sends and its clients read, without a database library.

Numbers are numpy arrays of DuckDB's own width; everything else is text or bytes, dictionary-coded, so that a
name that occurs 100,000 times is sent and decoded once. What numpy cannot hold exactly (HUGEINT, DECIMAL,
intervals, nested values) travels as text: lists, structs and JSON as JSON text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from treadle_storage.cells import cells_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Array: TypeAlias = NDArray[Any]
Dictionary: TypeAlias = tuple[str, ...] | tuple[bytes, ...]

NUMBERS: Mapping[str, str] = {
    "BOOLEAN": "|b1", "TINYINT": "|i1", "SMALLINT": "<i2", "INTEGER": "<i4", "BIGINT": "<i8",
    "UTINYINT": "|u1", "USMALLINT": "<u2", "UINTEGER": "<u4", "UBIGINT": "<u8",
    "FLOAT": "<f4", "DOUBLE": "<f8",
}  # fmt: skip
TIMESTAMPS: Mapping[str, str] = {
    "TIMESTAMP": "us", "TIMESTAMP WITH TIME ZONE": "us",
    "TIMESTAMP_NS": "ns", "TIMESTAMP_MS": "ms", "TIMESTAMP_S": "s",
}  # fmt: skip
"""Kept as int64 since the Unix epoch in UTC, in this unit."""
BYTES = "BLOB"
TEXTS = frozenset({"VARCHAR", "JSON", "UUID"})
_TYPE_OF = {dtype: name for name, dtype in NUMBERS.items()}


class Cursor(Protocol):
    """The part of DuckDB's cursor that is read here."""

    @property
    def description(self) -> Any: ...  # noqa: D102
    def fetchnumpy(self) -> Any: ...  # noqa: D102
    def fetchall(self) -> list[Any]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Column:
    """One column: numbers with their nulls, or int32 codes into a dictionary, -1 where null."""

    name: str
    type: str
    """DuckDB's name of the type, as `typeof` gives it."""
    values: Array
    nulls: NDArray[np.bool_] | None = None
    """True where a number is null; None where none is, and for coded columns."""
    dictionary: Dictionary | None = None

    def __len__(self) -> int:
        return len(self.values)

    def numbers(self, *, null: float = -1) -> Array:
        """Return the numbers, `null` in place of nulls."""
        if self.nulls is None:
            return self.values
        return np.where(self.nulls, self.values.dtype.type(null), self.values)

    def texts(self) -> list[Any]:
        """Return a coded column's strings or bytes, None where null."""
        lookup: tuple[Any, ...] = (*(self.dictionary or ()), None)
        return [lookup[code] for code in self.values.tolist()]

    def cells(self) -> list[Any]:
        """Return the column as Python values for printing: datetime, Decimal, int, str, None."""
        return cells_of(self)


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of one length."""

    columns: tuple[Column, ...]

    @classmethod
    def from_result(cls, cursor: Cursor) -> Columns:
        """Take a DuckDB cursor's whole result.

        Fast where every column is a number, a timestamp, text or bytes; other types go value by value through
        Python, so cast them in the query where there are many rows. A nested TIMESTAMP WITH TIME ZONE cannot
        be read without pytz: cast it.
        """
        names = [str(entry[0]) for entry in cursor.description]
        types = [_type_name(entry[1]) for entry in cursor.description]
        if not all(_is_direct(type_name) for type_name in types):
            return cls.from_rows(names, types, cursor.fetchall())
        # By position: fetchnumpy renames the second of two columns of one name.
        arrays = cursor.fetchnumpy().values()
        return cls(tuple(map(_from_numpy, names, types, arrays)))

    @classmethod
    def from_rows(cls, names: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> Columns:
        """Make columns from Python values; timestamps may be datetimes or integers in their type's unit."""
        cells = zip(*rows, strict=True) if rows else ((),) * len(names)
        return cls(tuple(map(_from_cells, names, types, cells)))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array | Sequence[str | bytes | None]]) -> Columns:
        """Make columns from numpy arrays, typed by their dtype, and from lists of strings or of bytes."""
        return cls(tuple(_from_array(name, values) for name, values in arrays.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order; not necessarily unique."""
        return tuple(column.name for column in self.columns)

    @property
    def types(self) -> tuple[str, ...]:
        """DuckDB's names of the types."""
        return tuple(column.type for column in self.columns)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the rows as tuples of Python values, for printing."""
        return list(self.iter_rows())

    def iter_rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows as tuples of Python values."""
        return zip(*(column.cells() for column in self.columns), strict=True)


def coded(values: Sequence[Any]) -> tuple[Array, tuple[Any, ...]]:
    """Dictionary-code values: int32 codes, -1 for None, and the distinct values in order of appearance."""
    index: dict[Any, int] = {}
    codes = [-1 if value is None else index.setdefault(value, len(index)) for value in values]
    return np.array(codes, dtype="<i4"), tuple(index)


def _type_name(duckdb_type: object) -> str:
    return str(duckdb_type).strip('"')


def _is_direct(type_name: str) -> bool:
    return type_name in NUMBERS or type_name in TIMESTAMPS or type_name in TEXTS or type_name in {BYTES, "NULL"}


def _from_numpy(name: str, type_name: str, array: Any) -> Column:
    mask = np.ma.getmaskarray(array) if np.ma.isMaskedArray(array) else None
    nulls = mask if mask is not None and mask.any() else None
    plain: Array = np.ma.getdata(array)
    if type_name in NUMBERS:
        return Column(name, type_name, plain.astype(NUMBERS[type_name], copy=False), nulls)
    if type_name in TIMESTAMPS:
        stamps = plain.astype(f"datetime64[{TIMESTAMPS[type_name]}]", copy=False).view("<i8")
        return Column(name, type_name, stamps, nulls)
    cells: list[Any] = plain.tolist()
    if nulls is not None:
        cells = [None if null else cell for cell, null in zip(cells, nulls.tolist(), strict=True)]
    return _from_cells(name, type_name, cells)


def _from_cells(name: str, type_name: str, cells: Sequence[Any]) -> Column:
    if type_name in NUMBERS or type_name in TIMESTAMPS:
        return _numbers_from_cells(name, type_name, cells)
    convert = _bytes if type_name == BYTES else _text
    codes, dictionary = coded([None if cell is None else convert(cell) for cell in cells])
    return Column(name, type_name, codes, dictionary=dictionary)


def _numbers_from_cells(name: str, type_name: str, cells: Sequence[Any]) -> Column:
    unit = TIMESTAMPS.get(type_name)
    dtype = "<i8" if unit else NUMBERS[type_name]
    numbers = [0 if cell is None else _stamp(cell, unit) if unit else cell for cell in cells]
    nulls = np.array([cell is None for cell in cells], dtype=np.bool_)
    return Column(name, type_name, np.array(numbers, dtype=dtype), nulls if nulls.any() else None)


def _stamp(cell: Any, unit: str) -> int:
    if isinstance(cell, int):
        return cell
    utc = cell if cell.tzinfo is None else (cell - cell.utcoffset()).replace(tzinfo=None)
    return int(np.array(utc, dtype=f"datetime64[{unit}]").astype("<i8"))


def _from_array(name: str, values: Array | Sequence[str | bytes | None]) -> Column:
    if isinstance(values, np.ndarray):
        little = values.astype(values.dtype.newbyteorder("<"), copy=False)
        return Column(name, _TYPE_OF[little.dtype.str], little)
    codes, dictionary = coded(values)
    is_bytes = bool(dictionary) and isinstance(dictionary[0], bytes)
    return Column(name, BYTES if is_bytes else "VARCHAR", codes, dictionary=dictionary)


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, (dict, list, tuple)):
        return json.dumps(cell, default=str, ensure_ascii=False)
    return str(cell)


def _bytes(cell: Any) -> bytes:
    return bytes(cell)
