"""A bound on the owner's own memory, beside DuckDB's.

DuckDB counts what its buffers hold and not the texts and lists that a function makes of one row: `repeat('x', 2e9)`
took 4 GB under a limit of 1 GB. Past this bound an allocation fails, which DuckDB and Python both take as an error of
the query; without it the kernel would end the owner, or another program. What was freed stays reserved and counts on,
so an owner that has used half of its bound makes room for a fresh one.
"""

from __future__ import annotations

import logging
import re
import resource
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SPARE_BYTES = 2 << 30
"""For the rows on their way, the journals' records, and the stacks of the clients' threads."""

_STATM = Path("/proc/self/statm")
"""Of Linux; its sixth number is what the bound counts, in pages (`man 5 proc`)."""

_log = logging.getLogger(__name__)


def bound_memory(cursor: duckdb.DuckDBPyConnection) -> None:
    """Let this process hold DuckDB's limit and as much again beside it, and no more."""
    row = cursor.execute("select current_setting('memory_limit')").fetchone()
    size = re.fullmatch(r"([\d.]+) (\w+)", str(row[0]) if row else "")
    if size is None or size[2] not in _UNITS:
        return
    bound = 2 * int(float(size[1]) * _UNITS[size[2]]) + _SPARE_BYTES
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        bound = min(bound, most)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (bound, most))
    except (OSError, ValueError) as error:
        _log.warning("the memory of this process is not bounded: %s", error)


def is_memory_spent() -> bool:
    """Tell whether this process has a bound and has reserved more than half of it."""
    bound, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if bound == resource.RLIM_INFINITY or not _STATM.exists():
        return False
    return int(_STATM.read_text().split()[5]) * resource.getpagesize() > bound // 2
