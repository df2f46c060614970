"""What each tab shows of a step: text with margins, ready for the payload view. Built in a worker."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from treadle.model import Event, Json, Score, Step
from treadle.values import plain
from treadle_tui import figures
from treadle_tui.conversation import conversation, streamed_text
from treadle_tui.inspection import Inspection
from treadle_tui.sources import SourceFile, place_of_frame
from treadle_tui.widgets.blocks import Block, page
from treadle_tui.widgets.payload_view import Margins
from treadle_tui.widgets.text_lines import TextLines

TABS: Final = ("Messages", "Input", "Output", "Source", "Attributes", "Events", "Scores")
TABS_BESIDE: Final = ("Messages", "Input", "Events", "Scores")
"""Of the main pane, where panes beside it show the rest."""
_PAGE_LIMIT_BYTES: Final = 200_000
"""Larger payloads are shown as JSON, which needs no blocks."""
_EVENTS_SHOWN: Final = 2_000
_ABOVE_CALL: Final = 10
"""Lines of source above a call that leave it in sight in a low pane."""
_TALL: Final = 60
"""Characters above which a value gets room around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A tab's text."""

    lines: TextLines
    margins: Margins | None = None
    language: str | None = None
    line: int = 0
    """Which line to bring into sight."""
    wrap: bool = True
    """Whether long lines are broken; else they run out of sight to the right."""


def content(tab: str, inspection: Inspection, *, raw: bool) -> Content:
    """Return what a tab shows; `raw` payloads are JSON instead of pages."""
    return _BUILDERS[tab](inspection, raw)


def input_json(step: Step) -> str:
    """Return the input as indented JSON."""
    return indented_json(step.input_tagged)


def output_json(step: Step) -> str:
    """Return the output as indented JSON."""
    return indented_json(step.output_tagged)


def indented_json(tagged: bytes | None) -> str:
    """Return what was recorded as indented JSON."""
    if tagged is None:
        return "null"
    return orjson.dumps(orjson.loads(plain(tagged)), option=orjson.OPT_INDENT_2).decode()


def outcome(inspection: Inspection) -> list[Block]:
    """Return what came of a step beside its answer: what has streamed so far, or how it failed and where."""
    step = inspection.step
    if step.status in {"running", "interrupted"}:
        so_far = streamed_text(inspection.events)
        blocks = [Block(so_far, "so far", "kind-llm", "strong")] if so_far else []
        if step.status == "running":
            return [*blocks, Block("still running …", "◌", "accent", "dim")]
        return [*blocks, Block("interrupted: the program ended before this call did", "⊘", "alarm")]
    if step.status != "error":
        return []
    blocks = [
        Block(step.error_type or "error", "raised", "alarm", "alarm"),
        Block(step.error_message or "(no message)", gap=False),
    ]
    frames = step.error.get("frames") if isinstance(step.error, dict) else None
    kept = inspection.source.kept if inspection.source is not None else None
    for frame in reversed(frames if isinstance(frames, list) else []):
        if isinstance(frame, dict):
            file = place_of_frame(str(frame.get("file")), kept).removeprefix(f"{step.cwd}/")
            where = f"{file}:{frame.get('line')} in {frame.get('function')}"
            blocks.append(Block(where, "at", "faint", "dim", gap=len(blocks) == 2))
            blocks.append(Block(str(frame.get("source") or "").strip(), language="python", indent=2, gap=False))
    return blocks


def call_blocks(inspection: Inspection) -> list[Block]:
    """Return a step that is not a model call: its arguments, and what it returned."""
    step = inspection.step
    blocks = _argument_blocks(step)
    if step.output_tagged is not None and step.status != "error":
        blocks += _value_blocks("returned", json.loads(plain(step.output_tagged)), "good")
    return blocks + outcome(inspection)


def is_large(step: Step) -> bool:
    """Whether a step's payloads are too large for pages."""
    return len(step.input_tagged or b"") + len(step.output_tagged or b"") > _PAGE_LIMIT_BYTES


def _call(inspection: Inspection, raw: bool) -> Content:
    step = inspection.step
    if inspection.messages and not raw:
        return _page([*conversation(inspection.messages, repeated=inspection.repeated), *outcome(inspection)])
    if raw or is_large(step):
        return Content(TextLines.of(f"{input_json(step)}\n\n{output_json(step)}".strip()), language="json")
    return _page(call_blocks(inspection))


def _input(inspection: Inspection, raw: bool) -> Content:
    step = inspection.step
    if raw or len(step.input_tagged or b"") > _PAGE_LIMIT_BYTES:
        return Content(TextLines.of(input_json(step)), language="json")
    return _page(_argument_blocks(step))


def _output(inspection: Inspection, raw: bool) -> Content:
    step = inspection.step
    if step.status == "error" or step.output_tagged is None:
        return _page(outcome(inspection) or [Block("nothing was returned", tone="faint")])
    if raw or len(step.output_tagged) > _PAGE_LIMIT_BYTES:
        return Content(TextLines.of(output_json(step)), language="json")
    value = json.loads(plain(step.output_tagged))
    if isinstance(value, str):
        return _page([Block(value or "(empty text)", tone="normal" if value else "faint")], longest_cells=100)
    return Content(TextLines.of(output_json(step)), language="json")


def _source(inspection: Inspection, raw: bool) -> Content:  # noqa: ARG001
    source = inspection.source
    if source is None:
        return _page([Block("no function is recorded for this step", tone="faint")])
    note = [Block(f"{source.name}: {source.note}", "!", "accent")] if not source.first_line else []
    if not source.text:
        return _page([*note, Block(str(source.path), tone="faint", gap=False)])
    wrong = _failing_lines(inspection)
    blocks = list(note)
    for number, line in enumerate(source.text.split("\n"), 1):
        inside = source.first_line <= number <= source.last_line
        label, tone = str(number), "dim" if inside else "faint"
        if number in wrong:
            label, tone = f"✗ {number}", "alarm"
        elif number == source.call_line:
            label, tone = f"▸ {number}", "accent"
        blocks.append(Block(line, label, tone, "normal" if inside else "dim", "python", gap=False))
    laid_out = page(blocks, gutter_cells=len(str(len(blocks))) + 5, longest_cells=10_000)
    return Content(laid_out.lines, laid_out.margins, "python", line=_top_line(source) + len(note), wrap=False)


def _top_line(source: SourceFile) -> int:
    """Return the line above the function, from 0; further down where its call would be out of sight."""
    return max(0, source.first_line - 2, source.call_line - _ABOVE_CALL)


def _failing_lines(inspection: Inspection) -> set[int]:
    """Return the lines of the shown file that the error went through."""
    source, error = inspection.source, inspection.step.error
    frames = error.get("frames") if isinstance(error, dict) else None
    found: set[int] = set()
    for frame in frames if isinstance(frames, list) else []:
        if isinstance(frame, dict) and source is not None and str(frame.get("file", "")).endswith(source.path.name):
            line = frame.get("line")
            found |= {line} if isinstance(line, int) else set()
    return {line for line in found if source is not None and source.first_line <= line <= source.last_line}


def _attributes(inspection: Inspection, raw: bool) -> Content:  # noqa: ARG001
    step = inspection.step
    own: dict[str, Json] = {
        "span": step.span_id, "parent": step.parent_span_id, "process": step.process_id, "thread": step.thread_id,
        "task": step.task_id, "args hash": step.args_hash, "source": step.source, "served from": step.served_from,
        "replayable": "yes" if step.replayable else f"no: {step.not_replayable_why or 'not said'}",
    }  # fmt: skip
    given = step.attributes if isinstance(step.attributes, dict) else {}
    rows = [(name, value) for name, value in {**own, **given}.items() if value is not None]
    widest = max((len(name) for name, _ in rows), default=0)
    text = "\n".join(f"{name.ljust(widest)}  {_one_line(value)}" for name, value in rows)
    return _page([Block(text)], longest_cells=10_000)


def _events(inspection: Inspection, raw: bool) -> Content:  # noqa: ARG001
    events = inspection.events
    if not events:
        return _page([Block("nothing happened inside this step that was recorded", tone="faint")])
    blocks = [_event_block(event, inspection.step.started_at_ns) for event in events[:_EVENTS_SHOWN]]
    if len(events) > _EVENTS_SHOWN:
        blocks.append(Block(f"{figures.count(len(events) - _EVENTS_SHOWN)} more; ask for them in SQL", tone="faint"))
    return _page(blocks)


def _event_block(event: Event, start_ns: int) -> Block:
    text = f"{event.name}  {_one_line(event.attributes)}" if event.attributes else event.name
    return Block(text, f"+{figures.duration_text(max(0, event.at_ns - start_ns))}", "dim", gap=False)


def _scores(inspection: Inspection, raw: bool) -> Content:  # noqa: ARG001
    if not inspection.scores:
        return _page([Block("no score yet: treadle score gives one", tone="faint")])
    return _page([_score_block(score) for score in inspection.scores])


def _score_block(score: Score) -> Block:
    value = score.label if score.value is None else f"{score.value:g}"
    by = " ".join(part for part in (score.source, score.author or "", "" if score.span_id else "whole trace") if part)
    return Block("\n".join(filter(None, [f"{value}  {by}", score.comment])), score.name, "accent")


def _argument_blocks(step: Step) -> list[Block]:
    if step.input_tagged is None:
        return [Block("no input was recorded", tone="faint")]
    arguments = json.loads(plain(step.input_tagged))
    if not isinstance(arguments, dict):
        return _value_blocks("input", arguments, "dim")
    if not arguments:
        return [Block("no arguments", tone="faint")]
    blocks: list[Block] = []
    for name, value in arguments.items():
        blocks += _value_blocks(
            name, value, "syntax-key", gap=_is_tall(value) or bool(blocks and "\n" in blocks[-1].text)
        )
    return blocks


def _value_blocks(label: str, value: Json, label_tone: str, *, gap: bool = True) -> list[Block]:
    if isinstance(value, str):
        return [Block(value or '""', label, label_tone, "normal" if value else "faint", gap=gap)]
    compact = json.dumps(value, ensure_ascii=False)
    text = compact if len(compact) <= _TALL else json.dumps(value, ensure_ascii=False, indent=2)
    return [Block(text, label, label_tone, language="json", gap=gap)]


def _is_tall(value: Json) -> bool:
    return len(value) > _TALL if isinstance(value, str) else len(json.dumps(value)) > _TALL


def _one_line(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _page(blocks: Sequence[Block], *, longest_cells: int = 100) -> Content:
    laid_out = page(blocks, longest_cells=longest_cells)
    return Content(laid_out.lines, laid_out.margins)


_BUILDERS: Final[dict[str, Callable[[Inspection, bool], Content]]] = {
    "Messages": _call, "Input": _input, "Output": _output, "Source": _source, "Attributes": _attributes,
    "Events": _events, "Scores": _scores,
}  # fmt: skip
