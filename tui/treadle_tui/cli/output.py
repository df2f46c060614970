"""Rows on stdout in four formats: a table for people, and json, ndjson and csv for programs.

Rows are written as they come, so that a million of them need no memory. Names of columns are unique in JSON: the
second `count` is called `count_1`.
"""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TextIO

from treadle_tui.cli.table import write_table

NESTED = ("STRUCT", "MAP", "JSON", "VARIANT", "UNION")


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows to be written: the columns' names, DuckDB's names of their types, and the rows as they come."""

    names: Sequence[str]
    types: Sequence[str]
    rows: Iterable[Sequence[Any]]


def write_rows(rows: RowSet, output_format: str, *, stream: TextIO | None = None) -> int:
    """Write rows in a format; return how many there were."""
    out = stream or sys.stdout
    if output_format == "table":
        return write_table(rows.names, rows.types, rows.rows, out)
    if output_format == "csv":
        return _write_csv(rows, out)
    return _write_objects(rows, out, as_lines=output_format == "ndjson")


def write_json(value: Any, *, stream: TextIO | None = None) -> None:
    """Write one value as JSON, for people and programs alike."""
    print(json.dumps(to_json(value), ensure_ascii=False, indent=2), file=stream or sys.stdout)


def to_json(value: Any) -> Any:
    """Return a cell as JSON can hold it: times in ISO 8601 and UTC, what is not a number as null."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)


def _write_csv(rows: RowSet, out: TextIO) -> int:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.names)
    written = 0
    for row in rows.rows:
        writer.writerow([_csv_cell(cell) for cell in row])
        written += 1
    return written


def _csv_cell(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    value = to_json(cell)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _write_objects(rows: RowSet, out: TextIO, *, as_lines: bool) -> int:
    written = 0
    if not as_lines:
        out.write("[")
    for line in _object_lines(rows):
        if as_lines:
            out.write(f"{line}\n")
        else:
            out.write(f",\n {line}" if written else f"\n {line}")
        written += 1
    if not as_lines:
        out.write("\n]\n" if written else "]\n")
    return written


def _object_lines(rows: RowSet) -> Iterator[str]:
    names = _unique(rows.names)
    nested = [_is_nested(type_name) for type_name in rows.types]
    for row in rows.rows:
        cells = [_parsed(cell) if inside else to_json(cell) for cell, inside in zip(row, nested, strict=True)]
        yield json.dumps(dict(zip(names, cells, strict=True)), ensure_ascii=False)


def _unique(names: Sequence[str]) -> list[str]:
    unique: dict[str, None] = {}
    for name in names:
        fresh, count = name, 0
        while fresh in unique:
            count += 1
            fresh = f"{name}_{count}"
        unique[fresh] = None
    return list(unique)


def _is_nested(type_name: str) -> bool:
    return type_name.endswith("]") or type_name.startswith(NESTED)


def _parsed(cell: Any) -> Any:
    """Return what JSON text holds, so that `jq` needs no `fromjson`."""
    if not isinstance(cell, str):
        return to_json(cell)
    try:
        return json.loads(cell)
    except ValueError:
        return cell
