"""What the user says instead: of some calls an argument is another, of some the answer is.

Values are plain JSON. Where they have the shape of what they replace they get its types: a list for a tuple is a tuple.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import orjson

from treadle.model import Chunk, RecordedCall
from treadle.replay import paths
from treadle.replay.reviving import revived
from treadle.values import encode, plain
from treadle.values.redact import Redactor
from treadle.values.retag import retagged

if TYPE_CHECKING:
    from treadle.call import Call

COMPLETION, COMPLETION_CHUNK = "chat.completion", "chat.completion.chunk"
"""What the OpenAI API calls its answers, in their `object`."""
MODEL_ARGUMENT = "model"


@dataclass(frozen=True, slots=True)
class Override:
    """One thing that is said of some calls."""

    ids: frozenset[str]
    """Recorded steps."""
    name: str | None
    """A glob: calls of these names that the recording has not, too."""
    path: str | None
    """Of an argument, `$.messages[0].content`; None: the answer is given."""
    value: bytes
    """Plain JSON."""
    typed: str
    """What the user wrote: in the place of a text it is that, though it may read as JSON."""

    def fits(self, call: "Call", recorded: RecordedCall | None) -> bool:
        """Tell whether it is said of this call."""
        if recorded is not None:
            return recorded.span_id in self.ids
        return self.name is not None and fnmatchcase(call.name, self.name)

    def given(self, *, for_text: bool) -> Any:
        """Return the value that is given, in the place of a text or of something else."""
        value = orjson.loads(self.value)
        return self.typed if for_text and not isinstance(value, str) else value


def changed_arguments(held: dict[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    """Return a call's arguments with those replaced that overrides name.

    Raises:
        UsageError: an override names a place that is not there.

    """
    for override in overrides:
        if override.path is not None:
            path = paths.parse(override.path)
            held = paths.replaced(held, path, _fitted(paths.at(held, path), override))
    return held


def with_answer(recorded: RecordedCall, override: Override) -> RecordedCall:
    """Return a recorded call as if it had been answered so; of a model's completion a text is what it said."""
    output = recorded.output_tagged if recorded.status == "ok" else None
    value = override.given(for_text=_is_text(recorded, override))
    chunks = _said_chunks(recorded.chunks, value) if isinstance(value, str) else None
    if recorded.chunks and chunks is None:
        items = value if isinstance(value, list) else [value]
        chunks = tuple(
            Chunk(recorded.chunks[min(number, len(recorded.chunks) - 1)].at_ns, orjson.dumps(item))
            for number, item in enumerate(items)
        )
    return replace(
        recorded,
        output_tagged=retagged(output or b"null", _said(output, value)),
        chunks=chunks or (),
        status="ok",
        closed_early=False,
    )


def with_model(held: dict[str, Any], model: str) -> dict[str, Any] | None:
    """Return a model call's arguments with another model; None where none of them says which one."""
    return {**held, MODEL_ARGUMENT: model} if MODEL_ARGUMENT in held else None


def made_up(call: "Call") -> RecordedCall:
    """Return what stands in for the recording of a call that it has not."""
    return RecordedCall(
        trace_id=call.trace_id,
        span_id=call.span_id,
        parent_span_id=None,
        process_id="",
        seq=0,
        name=call.name,
        kind=call.kind,
        status="ok",
        function=None,
        input_tagged=call.payload,
        output_tagged=None,
        chunks=(),
        closed_early=False,
        ordinal=call.ordinal,
        turn=None,
        started_at_ns=call.started_at_ns,
        ended_at_ns=call.started_at_ns,
        attributes=None,
        source="overridden",
        replayable=True,
        not_replayable_why=None,
        start_signature=None,
        end_signature=None,
    )


def _fitted(old: Any, override: Override) -> Any:
    new = override.given(for_text=type(old) is str)
    if type(old) in (str, int, float, bool, type(None), list, dict):
        return new
    return revived(retagged(encode(old, Redactor()).payload, new))


def _is_text(recorded: RecordedCall, override: Override) -> bool:
    """Tell whether what was recorded is a text, or a model's completion and what is given is none."""
    given = orjson.loads(override.value)
    if recorded.status != "ok" or (recorded.chunks and isinstance(given, list)):
        return False
    held = orjson.loads(plain(recorded.output_tagged or b"null"))
    is_completion = isinstance(given, dict) and given.get("object") == COMPLETION
    return isinstance(held, str) or (isinstance(held, dict) and held.get("object") == COMPLETION and not is_completion)


def _said(output: bytes | None, value: Any) -> Any:
    held = orjson.loads(plain(output or b"null"))
    if isinstance(value, str) and isinstance(held, dict) and held.get("object") == COMPLETION:
        return paths.replaced(held, ("choices", 0, "message", "content"), value)
    return value


def _said_chunks(chunks: Sequence[Chunk], said: str) -> tuple[Chunk, ...] | None:
    """Return the chunks of a chat completion that say this: the first with a text says it all, the others nothing."""
    made: list[Chunk] = []
    has_said = False
    for chunk in chunks:
        held = orjson.loads(plain(chunk.payload))
        if not isinstance(held, dict) or held.get("object") != COMPLETION_CHUNK:
            return None
        choices = held.get("choices")
        if choices and choices[0].get("delta", {}).get("content"):
            if has_said:
                continue
            has_said = True
            held = paths.replaced(held, ("choices", 0, "delta", "content"), said)
        made.append(replace(chunk, payload=retagged(chunk.payload, held)))
    return tuple(made) if has_said else None
