"""What a journal says once and later records name: its process, and its functions by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from treadle_storage.records import RecordError, flag, identity, integer, mapping, text

if TYPE_CHECKING:
    import duckdb

    from treadle_storage.records import Record, Row

_PROCESSES = "select printf('%016x', process_id), service from process_rows"
_SOURCES = "select printf('%016x', process_id), file, at_ns from source_rows"
_FUNCTIONS = "select printf('%016x', process_id), number, module, qualname, file, line, hash, flavour from functions"


class Registry:
    """The processes and functions that the journals have told of so far."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._services: dict[str, str | None] = dict(connection.execute(_PROCESSES).fetchall())
        self._sources: set[tuple[str, str, int | None]] = set(connection.execute(_SOURCES).fetchall())
        self._code: dict[tuple[str, int], Row] = {}
        for process, number, *code in connection.execute(_FUNCTIONS).fetchall():
            self._code[process, number] = _code_columns(*code)

    def service(self, process: str) -> str | None:
        """Return the service that the process said it is."""
        return self._services.get(process)

    def code_columns(self, process: str, number: int | None) -> Row:
        """Return the span columns that tell of a function; empty where there is none, or its record was bad."""
        return {} if number is None else self._code.get((process, number), {})

    def process(self, record: Record, process: str) -> Row | None:
        """Note a process record, the first of each segment; return its row the first time."""
        body = record.body
        if body.get("imported"):
            process = f"{identity(body, 'process'):016x}"
            if process in self._services:  # what it said of itself stands, whatever a file says
                return None
        main = mapping(body, "main")
        row: Row = {
            "process_id": int(process, 16), "pid": integer(body, "pid"), "argv": _texts(body, "argv"),
            "cwd": text(body, "cwd"), "python": text(body, "python"), "executable": text(body, "executable"),
            "main_file": text(main, "file"), "main_module": text(main, "module"),
            "main_notebook": text(main, "notebook"), "path": _texts(body, "path"),
            "host": text(body, "host"), "treadle": text(body, "treadle"), "service": text(body, "service"),
            "git_commit": text(body, "git_commit"), "git_dirty": body.get("git_dirty"),
            "replay": bool(body.get("replay")), "started_ns": body["t"],
            "signature": text(body, "sig"),
        }  # fmt: skip
        is_known = process in self._services
        self._services[process] = row["service"]
        return None if is_known else row

    def function(self, record: Record, process: str) -> Row | None:
        """Note a function record, repeated in each segment; return its row the first time."""
        body = record.body
        number, module, qualname = integer(body, "f"), text(body, "module") or "", text(body, "qualname")
        if number is None or qualname is None:
            raise RecordError("a function without its number or name")
        code = (text(body, "file"), integer(body, "line"), text(body, "hash"), text(body, "flavour"))
        is_known = (process, number) in self._code
        self._code[process, number] = _code_columns(module, qualname, *code)
        return None if is_known else {
            "process_id": int(process, 16), "number": number, "module": module, "qualname": qualname,
            "file": code[0], "line": code[1], "hash": code[2], "flavour": code[3],
            "params": orjson.dumps(body.get("params") or []).decode(),
        }  # fmt: skip

    def source(self, record: Record, process: str) -> Row | None:
        """Note a source record, which each segment repeats at its first time; return its row the first time."""
        body = record.body
        file, number, source = text(body, "file"), integer(body, "number"), text(body, "text")
        if file is None or source is None:
            raise RecordError("a source without its file or its text")
        key = (process, file, body["t"])
        is_known = key in self._sources
        row: Row = {
            "process_id": int(process, 16), "seq": body["n"], "file": file, "number": number, "text": source,
            "signature": text(body, "sig"), "at_ns": body["t"], "redacted": flag(body, "redacted"),
        }  # fmt: skip
        self._sources.add(key)
        return None if is_known else row


def _code_columns(
    module: str, qualname: str, file: str | None, line: int | None, code_hash: str | None, flavour: str | None
) -> Row:
    columns = {
        "code_function": f"{module}:{qualname}", "code_file": file, "code_line": line, "code_hash": code_hash,
        "flavour": flavour,
    }  # fmt: skip
    return {name: value for name, value in columns.items() if value is not None}


def _texts(body: Row, key: str) -> list[str]:
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise RecordError(f"{key} is not a list")
    return [str(entry) for entry in value]
