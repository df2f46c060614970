"""DuckDB's own parser, asked what a text says before it is run: a syntax tree, in a database without data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb
import orjson

from treadle.errors import QueryError
from treadle_storage.failures import explained

if TYPE_CHECKING:
    from collections.abc import Iterator


def parsed(query: str) -> Any:
    """Return a query's statements as nested dicts and lists.

    Raises:
        QueryError: it cannot be read, or is nested deeper than a tree that can be looked through.

    """
    try:
        query.encode()
        # First alone, which bounds the depth: what turns trees into JSON takes minutes over a deep one.
        parser().extract_statements(query)
        row = parser().execute("select json_serialize_sql($query)", {"query": query}).fetchone()
        tree = orjson.loads(row[0]) if row else {}
    except duckdb.Error as error:
        raise QueryError(explained(error)) from error
    except UnicodeEncodeError as error:
        raise QueryError("it holds half a character (a lone surrogate), which no SQL can") from error
    except orjson.JSONDecodeError as error:
        # What DuckDB wrote is JSON: orjson reads 1024 levels, and needs memory.
        raise QueryError(
            "it is nested too deeply, or too long: write it flatter, some hundred levels at most"
        ) from error
    if tree.get("error"):
        raise QueryError(" ".join(str(tree.get("error_message")).split()))
    return tree["statements"]


def parser() -> duckdb.DuckDBPyConnection:
    """Return a cursor to parse with: on the store's own, a text that does not parse would end a transaction."""
    return _database().cursor()


def parts_of(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a tree; without recursion, for a tree can be deeper than Python's stack."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"enable_external_access": "false", "threads": "1"})
