"""Everything that the panes show of one step, read from the store in one go, in a worker."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle.errors import NotFoundError
from treadle.model import STATUSES, Event, Message, Score, Step
from treadle_tui.conversation import repeated_messages
from treadle_tui.sources import SourceFile, read_source

if TYPE_CHECKING:
    from treadle_storage import Store
    from treadle_storage.tree import Tree

_CALLERS_UP: Final = 6
_CALLS_BACK: Final = 4
"""How many model calls before this one may be the one that it goes on from."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """One step as the panes show it."""

    step: Step
    messages: tuple[Message, ...]
    repeated: int
    """How many messages at the start stood in an earlier call of the same conversation."""
    events: tuple[Event, ...]
    scores: tuple[Score, ...]
    source: SourceFile | None
    stream_ns: int
    """When the trace began: what event times are relative to."""

    @property
    def is_final(self) -> bool:
        """Whether nothing will be added to it."""
        return self.step.status != STATUSES[0]


def inspect(store: "Store", trace_id: str, tree: "Tree", index: int) -> Inspection:
    """Read a step."""
    span_id = tree.hex_id(index)
    step = store.step(trace_id, span_id)
    messages = tuple(store.messages(trace_id, span_id)) if step.kind in {"llm", "agent"} else ()
    scores = tuple(score for score in store.scores(trace_id) if score.span_id in {span_id, None})
    return Inspection(
        step=step,
        messages=messages,
        repeated=_repeated(store, trace_id, tree, index, messages) if messages else 0,
        events=tuple(store.events(trace_id, span_id)),
        scores=scores,
        source=_source_of(store, step),
        stream_ns=int(tree.start_ns[0]),
    )


def _repeated(store: "Store", trace_id: str, tree: "Tree", index: int, messages: tuple[Message, ...]) -> int:
    """Return how much of a conversation the model calls just before hold already: the most that one of them has."""
    kind = tree.kind[index]
    before = [earlier for earlier in range(index - 1, -1, -1) if tree.kind[earlier] == kind][:_CALLS_BACK]
    return max(
        (repeated_messages(messages, store.messages(trace_id, tree.hex_id(earlier))) for earlier in before), default=0
    )


def _source_of(store: "Store", step: Step) -> SourceFile | None:
    """Return the source of the step's function; of the nearest caller's where it has none that is the user's."""
    caller = step
    for _ in range(_CALLERS_UP):
        if caller.function is not None and caller.function.file is not None:
            path = Path(caller.function.file)
            source = read_source(path if path.is_absolute() else Path(caller.cwd or ".") / path, caller.function)
            return source if caller is step else replace(source, note=source.note or f"called by {caller.name}")
        if caller.parent_span_id is None:
            break
        try:
            caller = store.step(step.trace_id, caller.parent_span_id)
        except NotFoundError:
            break
    return None
