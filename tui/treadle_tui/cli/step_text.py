"""One step as text: where it is in the code, its input or its conversation, its output, its error, its chunks."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from treadle.model import Event, Json, Message, RecordedSource, Score, Step
from treadle.values import plain
from treadle_tui import figures
from treadle_tui.cli.controls import visible
from treadle_tui.cli.pretty import pretty_lines, scalar_lines
from treadle_tui.sources import place_of_frame, read_kept
from treadle_tui.widgets.marks import KIND_TAGS, STATUS_GLYPHS

if TYPE_CHECKING:
    from treadle_storage import Store

ROLE_CELLS = 10
CHUNK = "chunk"


def step_lines(store: "Store", trace_id: str, span_id: str) -> Iterator[Text]:
    """Yield the lines of one step."""
    step = store.step(trace_id, span_id)
    yield _heading(step)
    kept = kept_source(store, step)
    if step.function is not None:
        file = step.function.file
        at = f"{place_of_frame(file, kept)}:{step.function.line} in " if file else ""
        yield Text(f"{at}{step.function.module}:{step.function.qualname}", "dim")
    if not step.replayable:
        yield Text(f"cannot be replayed: {step.not_replayable_why}", "dim")
    messages = store.messages(trace_id, span_id)
    yield from _input(step, [message for message in messages if message.direction == "input"])
    yield from _output(step, [message for message in messages if message.direction == "output"])
    if step.status != "ok":
        yield from _chunks([event for event in store.events(trace_id, span_id) if event.name == CHUNK])
    yield from _error(step, kept)
    yield from _source(step, kept)
    yield from _scores([score for score in store.scores(trace_id) if score.span_id == span_id])


def kept_source(store: "Store", step: Step) -> RecordedSource | None:
    """Return the source that was kept with a step, where its file is not there to be read."""
    file = step.function.file if step.function is not None else None
    if file is None or os.path.exists(Path(step.cwd or ".", file)):  # noqa: PTH110 - bears a name of any length
        return None
    return store.source(step.trace_id, step.span_id)


def chunks_text(chunks: Sequence[Event]) -> str | None:
    """Return the text that a stream's chunks make, or None where they are not pieces of text."""
    pieces = [_chunk_text(_chunk_value(chunk)) for chunk in chunks]
    texts = [piece for piece in pieces if piece is not None]
    return "".join(texts) if texts else None


def score_text(score: Score) -> str:
    """Return a score on one line: `correct = 0  must say '45 euros'`."""
    value = "" if score.value is None else f"= {score.value:g}"
    told = [value, score.label or "", f" {score.comment}" if score.comment else ""]
    return visible(" ".join([score.name, *(word for word in told if word)]), lines=False)


def _heading(step: Step) -> Text:
    took = "" if step.duration_ms is None else figures.duration_text(int(step.duration_ms * 1e6))
    facts = [KIND_TAGS.get(step.kind, step.kind), f"{STATUS_GLYPHS[step.status]} {step.status}", took, step.model or ""]
    line = Text(visible(step.name, lines=False), "bold")
    line.append("  " + "  ".join(fact for fact in facts if fact), "" if step.status == "ok" else "red")
    return line.append(f"  {step.span_id}", "dim")


def _input(step: Step, messages: Sequence[Message]) -> Iterator[Text]:
    value = _plain(step.input_tagged)
    if messages and isinstance(value, dict):
        yield from _section("messages", _conversation(messages))
        value = {key: item for key, item in value.items() if key != "messages"}
    if value not in (None, {}):
        yield from _section("input", pretty_lines(value))


def _output(step: Step, messages: Sequence[Message]) -> Iterator[Text]:
    if step.status == "error" or step.output_tagged is None:
        return
    yield from _section("output", _conversation(messages) if messages else pretty_lines(_plain(step.output_tagged)))


def _chunks(chunks: Sequence[Event]) -> Iterator[Text]:
    if not chunks:
        return
    text = chunks_text(chunks)
    lines = scalar_lines(text) if text is not None else pretty_lines([_chunk_value(chunk) for chunk in chunks])
    yield from _section(f"chunks ({len(chunks)} had come)", lines)


def _source(step: Step, kept: RecordedSource | None) -> Iterator[Text]:
    if step.function is None or kept is None:
        return
    source = read_kept(kept, step.function)
    shown = enumerate(visible(kept.text).split("\n"), 1)
    lines = [f"{number:>3}  {line}" for number, line in shown if source.first_line <= number <= source.last_line]
    yield from _section(f"source, {source.note}", lines)


def _error(step: Step, kept: RecordedSource | None) -> Iterator[Text]:
    if step.error_type is None and step.error_message is None:
        return
    message = visible(step.error_message or "")
    lines = [*f"{step.error_type}: {message}".split("\n"), *_frames(step.error, kept)]
    yield from _section("error", lines, style="red")


def _scores(scores: Sequence[Score]) -> Iterator[Text]:
    if scores:
        yield from _section("scores", map(score_text, scores))


def _section(title: str, lines: Any, *, style: str = "") -> Iterator[Text]:
    yield Text(title, "dim")
    for line in lines:
        yield Text(f"  {line}", style)


def _frames(error: Json, kept: RecordedSource | None) -> Iterator[str]:
    frames = error.get("frames") if isinstance(error, dict) else None
    for frame in frames if isinstance(frames, list) else ():
        if isinstance(frame, dict):
            file = place_of_frame(str(frame.get("file")), kept)
            yield visible(f"  {file}:{frame.get('line')} in {frame.get('function')}", lines=False)
            if frame.get("source"):
                yield visible(f"    {str(frame['source']).strip()}", lines=False)
            held = frame.get("locals")
            for name, value in held.items() if isinstance(held, dict) else ():
                yield visible(f"      {name} = {value}", lines=False)


def _conversation(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        label = message.role
        for line in _message_lines(message):
            yield f"{label:<{ROLE_CELLS}} {line}"
            label = ""


def _message_lines(message: Message) -> Iterator[str]:
    if message.tool_name:
        yield f"({message.tool_name})"
    if message.content is not None:
        yield from visible(message.content).split("\n")
    for part in message.parts if isinstance(message.parts, list) else ():
        yield from _part_lines(part)


def _part_lines(part: Json) -> Iterator[str]:
    if isinstance(part, dict) and part.get("type") == "tool_call":
        arguments = json.dumps(part.get("arguments"), ensure_ascii=False)
        yield visible(f"→ {part.get('name')}({arguments})", lines=False)
    elif not (isinstance(part, dict) and part.get("type") == "text"):
        yield from pretty_lines(part)


def _plain(tagged: bytes | None) -> Any:
    return None if tagged is None else json.loads(plain(tagged))


def _chunk_value(chunk: Event) -> Json:
    """Return what the chunk was: an event's attributes hold it under `value` where it is no object."""
    attributes = chunk.attributes
    if isinstance(attributes, dict) and set(attributes) == {"value"}:
        return attributes["value"]
    return attributes


def _chunk_text(value: Json) -> str | None:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        return None
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    delta = first.get("delta") if isinstance(first, dict) else None
    content = delta.get("content") if isinstance(delta, dict) else None
    return content if isinstance(content, str) else None
