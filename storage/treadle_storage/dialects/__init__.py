"""What instrumentations call things, one module a dialect: native attributes in, our columns out.

A dialect reads what it knows and leaves the rest; it never raises. The first that knows a column wins: a dialect's own
name before OpenTelemetry's, because who writes both means the first. Beside the columns of a span some tell its
`kind`, its `input` and its `output`, for spans of which nothing else says those.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from treadle_storage.dialects import genai, langfuse, logfire, mlflow, openinference, openllmetry, vercel

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialect(Protocol):
    """One module of this package."""

    @property
    def STARTS(self) -> tuple[str, ...]:  # noqa: N802 - a constant of a module
        """How the names of the attributes begin that it reads."""

    def columns_from(self, attributes: Mapping[str, Any]) -> dict[str, Any]: ...  # noqa: D102


DIALECTS: tuple[Dialect, ...] = (langfuse, mlflow, openinference, vercel, logfire, openllmetry, genai)
_FAULTS = (Exception,)
"""A stranger's attributes are anything: they must not stop the index."""


def columns_from(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the span columns that the attributes fill: kind, model, tokens, messages and the like."""
    found: dict[str, Any] = {}
    for dialect in _dialects_of(frozenset(attributes)):
        try:
            found |= dialect.columns_from(attributes)
        except _FAULTS:
            continue
    return found


@lru_cache(maxsize=256)
def _dialects_of(names: frozenset[str]) -> tuple[Dialect, ...]:
    """Return who reads any of these names, whoever comes first last; the names of most spans come again and again."""
    return tuple(dialect for dialect in reversed(DIALECTS) if any(name.startswith(dialect.STARTS) for name in names))
