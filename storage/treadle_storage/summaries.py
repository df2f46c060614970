"""Answers about traces as the nouns of `treadle.model`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from treadle.model import TraceSummary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from treadle_storage.columns import Columns

_SUMMARY_FIELDS = tuple(field.name for field in fields(TraceSummary))


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means: a trace, or a span in it."""

    trace_id: str
    span_id: str | None
    why: str
    """Which rule chose it: `id`, `newest`, `newest, still running`, `failed`, `newest with errors`; and a
    newer replay that it left out."""


def summaries_of(columns: Columns) -> list[TraceSummary]:
    """Make trace summaries of the answer to `traces` or `trace`."""
    return [TraceSummary(**row) for row in named_rows(columns, _SUMMARY_FIELDS)]


def found_of(columns: Columns) -> Found:
    """Make what a name means of the answer to `resolve`."""
    return next(Found(**row) for row in named_rows(columns, ("trace_id", "span_id", "why")))


def named_rows(columns: Columns, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the rows as dicts of the columns that are asked for."""
    cells = [columns[name].cells() for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True))
