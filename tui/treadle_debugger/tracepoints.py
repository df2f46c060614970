"""Messages of tracepoints: text with SQL expressions in braces, `asked {model}, got {output_tokens} tokens`."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.errors import QueryError

if TYPE_CHECKING:
    from treadle_storage import Store

EXPRESSION = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Logged:
    """What a tracepoint said at a row of the tree."""

    row: int
    text: str


class MessageLog:
    """Renders the messages of one trace; each expression is evaluated once, over all steps."""

    def __init__(self, store: "Store", trace_id: str) -> None:
        self._store = store
        self._trace_id = trace_id
        self._columns: dict[str, list[str | None]] = {}

    def render(self, message: str, row: int) -> str:
        """Return a message as it reads at a row."""
        return EXPRESSION.sub(lambda found: self._value(found[1], row), message)

    def forget(self) -> None:
        """Drop what was computed, since the trace has grown."""
        self._columns.clear()

    def _value(self, expression: str, row: int) -> str:
        if expression not in self._columns:
            self._columns[expression] = self._store.column(self._trace_id, expression)
        value = self._columns[expression][row]
        return "null" if value is None else value


def check_message(store: "Store", trace_id: str, span_id: str, message: str) -> None:
    """Try every expression of a message at one step.

    Raises:
        QueryError: one of them cannot be evaluated.

    """
    expressions = EXPRESSION.findall(message)
    for tried in store.watch(trace_id, span_id, expressions) if expressions else ():
        if tried.error is not None:
            raise QueryError(f"{{{tried.expression}}}: {tried.error}")
