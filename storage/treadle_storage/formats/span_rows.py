"""The rows of `spans` for other programs, without secrets: NDJSON and CSV are written from them, and Parquet here."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import orjson

from treadle.errors import StoreError
from treadle_storage.failures import explained
from treadle_storage.formats.choosing import ids_sql
from treadle_storage.views import SPANS_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from treadle_storage.formats.choosing import Chosen
    from treadle_storage.formats.cleaning import Cleaning
    from treadle_storage.store import Store

TIMEOUT_S = 600.0
_PLAIN = frozenset({"input", "output"})
_TAGGED = frozenset({"input_tagged", "output_tagged"})
_TEXTS = frozenset({
    "name", "error_type", "error_message", "session_id", "user_id", "service", "not_replayable_why", "model",
})  # fmt: skip
_ORDER = " order by started_at, process_id, seq"


class SpanRows:
    """Rows as they come, each without secrets; `names` and `types` are those of the view."""

    def __init__(self, store: Store, chosen: Chosen, cleaning: Cleaning, *, on_progress: Callable[[int], None]) -> None:
        """Take which traces; `on_progress` is told how many rows were read."""
        self._on_progress = on_progress
        self._store = store
        self._chosen = chosen
        self._cleaning = cleaning
        with store.sql(SPANS_FROM.format(source="recorded limit 0")) as rows:
            self.names, self.types = rows.columns, rows.types

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        read = 0
        for group in self._chosen.groups():
            source = f"recorded where trace_id in ({ids_sql(group)}){_ORDER}"
            with self._store.sql(SPANS_FROM.format(source=source), timeout_s=TIMEOUT_S) as rows:
                for row in rows:
                    yield self._cleaned(row)
                    read += 1
            self._on_progress(read)

    def _cleaned(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        cells = dict(zip(self.names, row, strict=True))
        given = cells["input_tagged"]
        for name in _TEXTS & cells.keys():
            if isinstance(cells[name], str):
                cells[name] = self._cleaning.text(cells[name])
        for name in _TAGGED:
            if cells[name] is not None:
                cells[name] = self._cleaning.payload(cells[name].encode()).decode()
        counted = self._cleaning.secrets
        for name in _PLAIN:
            cells[name] = self._json(cells[name])
        self._cleaning.secrets = counted  # of the same payloads
        cells["attributes"] = self._json(cells["attributes"])
        if cells["input_tagged"] != given:
            cells["args_hash"] = None  # of arguments with the secret in them
        return tuple(cells.values())

    def _json(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return self._cleaning.json_text(value)
        return json.loads(self._cleaning.json_text(orjson.dumps(value).decode()) or "null")


def write_parquet(rows: SpanRows, path: Path) -> int:
    """Write a Parquet file; return how many rows it has.

    Raises:
        StoreError: it cannot be written.

    """
    count = 0
    with tempfile.TemporaryDirectory(prefix="treadle-export-", dir=path.parent) as folder:
        lines = Path(folder) / "spans.ndjson"
        with lines.open("wb") as file:
            for row in rows:
                file.write(orjson.dumps(dict(zip(rows.names, map(_cell, row), strict=True))) + b"\n")
                count += 1
        newborn = Path(folder) / "spans.parquet"
        _convert(lines, newborn, dict(zip(rows.names, rows.types, strict=True)))
        os.replace(newborn, path)  # noqa: PTH105 - `Path.replace` is the same
    return count


def _convert(lines: Path, target: Path, types: dict[str, str]) -> None:
    read_as = {name: "VARCHAR" if _is_json(kind) else kind for name, kind in types.items()}
    columns = ", ".join(f"\"{name}\": '{kind}'" for name, kind in read_as.items())
    shown = ", ".join(f'"{name}"::JSON as "{name}"' if _is_json(types[name]) else f'"{name}"' for name in types)
    query = (
        f"copy (select {shown} from read_json($source, format = 'newline_delimited', "  # noqa: S608 - our own columns
        f"maximum_object_size = 1073741824, columns = {{{columns}}})) to '{_quoted(target)}' "
        "(format parquet, compression zstd)"
    )
    try:
        with duckdb.connect(":memory:", config={"threads": "2"}) as connection:
            connection.execute(query, {"source": str(lines)})
    except duckdb.Error as error:
        raise StoreError(f"cannot write {target.name}: {explained(error)}") from error


def _is_json(kind: str) -> bool:
    return kind in ("JSON", "VARIANT")


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
