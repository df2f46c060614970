"""The columns of a span that its attributes tell, and its price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects import columns_from
from treadle_storage.prices import cost_usd

if TYPE_CHECKING:
    from treadle_storage.records import Row

LONGEST_WAIT_S = 86_400 * 365
"""A first chunk that took longer than this is a mistake, and might not fit 64 bits of nanoseconds."""
_RECORDED_FIRST = frozenset({"input", "output"})
"""What attributes tell of a span only where its records do not."""


def completed(row: Row) -> Row:
    """Add the columns that the attributes tell, and the price; an answer that was served cost nothing."""
    attributes: Row = row["attributes"]
    row.pop("written_by", None)
    if not attributes:
        del row["attributes"]
        return row
    told = columns_from(attributes)
    if row["kind"] != "span":
        told.pop("kind", None)
    for column in told.keys() & _RECORDED_FIRST & row.keys():
        del told[column]
    row |= told
    if row["source"] != "live":
        row.pop("cost_usd", None)
    first_chunk_s: Any = attributes.get("gen_ai.response.time_to_first_chunk")
    if "first_chunk_ns" not in row and isinstance(first_chunk_s, (int, float)) and 0 <= first_chunk_s < LONGEST_WAIT_S:
        row["first_chunk_ns"] = row["started_ns"] + int(first_chunk_s * 1e9)
    is_priced = "cost_usd" in row or row["source"] != "live"
    if not is_priced and "model" in row and ("input_tokens" in row or "output_tokens" in row):
        row["cost_usd"] = cost_usd(
            row["model"],
            provider=row.get("provider"),
            at_ns=row["started_ns"],
            input_tokens=row.get("input_tokens", 0),
            output_tokens=row.get("output_tokens", 0),
            cache_read=row.get("cache_read_tokens", 0),
            cache_write=row.get("cache_write_tokens", 0),
        )
    return row
