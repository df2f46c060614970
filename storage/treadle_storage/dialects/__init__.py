"""What instrumentations call things, one module a dialect: native attributes in, our columns out.

A dialect reads what it knows and leaves the rest; it never raises. The first that knows a column wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle_storage.dialects import genai

if TYPE_CHECKING:
    from collections.abc import Mapping

DIALECTS = (genai,)


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the span columns that the attributes fill: model, provider, tokens and the like."""
    found: dict[str, Any] = {}
    for dialect in reversed(DIALECTS):
        found |= dialect.columns_from(attributes)
    return found
