"""Everything that the panes show of one step, read from the store in one go, in a worker."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from treadle.errors import NotFoundError
from treadle.model import STATUSES, Event, Message, Score, Step
from treadle_tui.conversation import repeated_messages
from treadle_tui.sources import SourceFile, is_library, line_that_calls, read_kept, read_source

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
    """Return the source of the step's function; of the nearest caller's where it is none of the project's own."""
    called, caller = step, step
    for _ in range(_CALLERS_UP):
        path = _file_of(caller)
        if path is not None and not is_library(path):
            return _read(store, caller, path) if caller is step else _read_caller(store, caller, path, called)
        if caller.parent_span_id is None:
            break
        try:
            called, caller = caller, store.step(step.trace_id, caller.parent_span_id)
        except NotFoundError:
            break
    path = _file_of(step)
    return None if path is None else _read(store, step, path)


def _file_of(step: Step) -> Path | None:
    if step.function is None or step.function.file is None:
        return None
    path = Path(step.function.file)
    return path if path.is_absolute() else Path(step.cwd or ".") / path


def _read(store: "Store", step: Step, path: Path) -> SourceFile | None:
    if step.function is None:
        return None
    is_there = os.path.exists(path)  # noqa: PTH110 - `Path.exists` raises for a name that is too long for a file
    kept = None if is_there else store.source(step.trace_id, step.span_id)
    return read_source(path, step.function) if kept is None else read_kept(kept, step.function)


def _read_caller(store: "Store", caller: Step, path: Path, called: Step) -> SourceFile | None:
    source = _read(store, caller, path)
    if source is None:
        return None
    name = called.function.qualname.rpartition(".")[2] if called.function is not None else called.name
    note = " · ".join(part for part in (f"called from {caller.name}", source.note) if part)
    return replace(source, note=note, call_line=line_that_calls(source, name))
