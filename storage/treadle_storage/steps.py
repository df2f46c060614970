"""Answers about one step as the nouns of `treadle.model`."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from treadle.model import Event, Function, Mark, Message, RecordedSource, Score, Step
from treadle_storage.source_texts import source_that_ran
from treadle_storage.summaries import named_rows

if TYPE_CHECKING:
    from treadle.model import Json
    from treadle_storage.columns import Columns

_CODE = ("code_function", "code_file", "code_line", "code_hash", "flavour")
_STEP_FIELDS = tuple(field.name for field in fields(Step) if field.name != "function")


@dataclass(frozen=True, slots=True)
class WatchValue:
    """What a watch shows at a step."""

    expression: str
    value: str | None
    """As text; None where it is null, or could not be computed."""
    type: str | None
    """DuckDB's name of its type."""
    error: str | None
    """Why it could not be computed."""


def step_of(columns: Columns) -> Step:
    """Make a step of the answer to `step`."""
    row = next(named_rows(columns, (*_STEP_FIELDS, *_CODE)))
    function = function_of(*(row.pop(name) for name in _CODE))
    row["error"], row["attributes"] = parsed(row["error"]), parsed(row["attributes"])
    return Step(**row, function=function)


def source_of(columns: Columns) -> RecordedSource | None:
    """Make a recorded source of the answer to `source`."""
    rows = list(named_rows(columns, ("file", "number", "text", *_CODE)))
    function = function_of(*(rows[0][name] for name in _CODE)) if rows else None
    if function is None:
        return None
    return source_that_ran([RecordedSource(row["file"], row["number"], row["text"]) for row in rows], function)


def messages_of(columns: Columns) -> list[Message]:
    """Make messages of the answer to `messages`."""
    names = ("direction", "position", "role", "content", "parts", "tool_name", "tool_call_id")
    return [Message(**{**row, "parts": parsed(row["parts"])}) for row in named_rows(columns, names)]


def events_of(columns: Columns) -> list[Event]:
    """Make events of the answer to `events`."""
    rows = named_rows(columns, ("at_ns", "name", "attributes"))
    return [Event(**{**row, "attributes": parsed(row["attributes"])}) for row in rows]


def scores_of(columns: Columns) -> list[Score]:
    """Make scores of the answer to `scores`."""
    return [Score(**row) for row in named_rows(columns, tuple(field.name for field in fields(Score)))]


def marks_of(columns: Columns) -> list[Mark]:
    """Make marks of the answer to `marks`."""
    rows = named_rows(columns, ("mark_id", "mark", "trace_id", "value", "created_at_ns"))
    return [Mark(**{**row, "value": parsed(row["value"])}) for row in rows]


def watch_values_of(columns: Columns) -> list[WatchValue]:
    """Make watch values of the answer to `watch`."""
    return [WatchValue(**row) for row in named_rows(columns, ("expression", "value", "type", "error"))]


def function_of(
    name: str | None, file: str | None, line: int | None, code_hash: str | None, flavour: Any
) -> Function | None:
    """Return the code behind a step from its columns, None where no function was recorded."""
    if name is None:
        return None
    module, _, qualname = name.partition(":")
    return Function(module, qualname, file, line, code_hash, flavour or "sync")


def parsed(text: str | None) -> Json:
    """Return JSON text as its value, None for none."""
    value: Json = None if text is None else json.loads(text)
    return value
