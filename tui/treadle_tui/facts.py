"""What is worth saying of a step or a trace in one line."""

from typing import TYPE_CHECKING

from treadle.model import Step, TraceSummary
from treadle_tui import figures
from treadle_tui.sources import SourceFile
from treadle_tui.widgets import marks
from treadle_tui.widgets.side_list import Parts

if TYPE_CHECKING:
    from treadle_debugger.session import Session


def facts(step: Step) -> Parts:
    """Return kind, name, state, model, time and tokens of a step."""
    status_tone = marks.STATUS_TONES[step.status]
    parts = [
        (marks.KIND_TAGS.get(step.kind, "SPN") + " ", f"kind-{step.kind}"),
        (step.name, "strong"),
        (f"  {marks.STATUS_GLYPHS[step.status]} {step.status}", status_tone),
    ]
    if step.duration_ms is not None:
        number, unit = figures.duration(int(step.duration_ms * 1e6))
        parts += [(f"  {number}", "normal"), (unit, "dim")]
    if step.ttft_ms is not None:
        number, unit = figures.duration(int(step.ttft_ms * 1e6))
        parts += [("  first ", "dim"), (number, "normal"), (unit, "dim")]
    if step.model and step.model not in step.name:
        parts.append((f"  {step.model}", "normal"))
    if step.input_tokens is not None or step.output_tokens is not None:
        counts = [
            figures.count(value) if value is not None else "?" for value in (step.input_tokens, step.output_tokens)
        ]
        parts += [(f"  {counts[0]} → {counts[1]}", "normal"), (" tok", "dim")]
    if step.cost_usd:
        parts.append((f"  {figures.money(step.cost_usd)}", "normal"))
    if step.source != "live":
        parts.append((f"  {step.source}", "accent"))
    if not step.replayable:
        parts.append(("  cannot be replayed", "dim"))
    return parts


def source_facts(source: SourceFile) -> Parts:
    """Return where a source stands, and what there is to know of it."""
    line = source.call_line or source.first_line
    parts = [(source.name, "strong"), (f"{':' if source.name else 'line '}{line}" if line else "", "dim")]
    return [*parts, (f"  {source.note}", "accent")] if source.note else parts


def trace_status(session: "Session", trace: TraceSummary, *, brief: bool) -> tuple[Parts, Parts]:
    """Return the Debug screen's status line: what is open and where, and what it cost.

    `brief` leaves out what goes without saying.
    """
    replay_of = f"replay of {trace.replay_of[:8]}" if trace.replay_of else "recorded"
    state = "running" if trace.status == "running" else replay_of
    left = [
        (" treadle  ", "accent!"),
        (trace.trace_id[:8], "dim"),
        (f" {trace.name}", "strong!"),
        ("  step ", "dim"),
        (figures.count(session.place + 1), "normal"),
        (f"/{figures.count(len(session.tree))}", "dim"),
    ]
    if state != "recorded" or not brief:
        left.append((f"  {state}", "dim" if state == "recorded" else "accent"))
    if trace.failed:
        left.append((f"  {marks.STATUS_GLYPHS['error']} failed", "alarm"))
    if session.order_name == "clock":
        left.append(("  clock order", "accent"))
    right = []
    if len(session.breakpoints):
        right += [(f"{marks.BREAKPOINT} ", "alarm"), (f"{len(session.breakpoints)}  ", "normal")]
    if len(session.watches):
        right += [(f"{marks.WATCH} ", "accent"), (f"{len(session.watches)}  ", "normal")]
    tokens = (trace.input_tokens or 0) + (trace.output_tokens or 0)
    if tokens:
        right += [(figures.count(tokens), "normal"), (" tok  ", "dim")]
    if trace.cost_usd:
        right.append((figures.money(trace.cost_usd), "normal"))
    return left, right
