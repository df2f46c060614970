"""DuckDB's errors as one clear line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_PREFIX = re.compile(r"^[A-Z][A-Za-z ]* Error: ")


def explained(error: duckdb.Error) -> str:
    """Return what DuckDB says in one line, without the class of its error and the picture of the query.

    Names that were meant, which DuckDB proposes for an unknown column or table, are part of the line.
    """
    message = str(error).split("\n\nLINE ")[0].split("\n\nStack Trace")[0].split("\n\nPossible solutions")[0]
    return _PREFIX.sub("", " ".join(message.split()))
