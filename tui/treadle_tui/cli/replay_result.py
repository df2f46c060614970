"""What one replay showed, for people and for programs."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.text import Text

from treadle.values import plain
from treadle_debugger.replaying import Result
from treadle_debugger.verdict import CallReport, Outcome
from treadle_tui import figures
from treadle_tui.cli.controls import visible
from treadle_tui.cli.output import RowSet, write_json, write_rows
from treadle_tui.cli.table import console_on, print_line

TOLD_DECISIONS = (
    "moved", "overridden", "live", "changed", "new", "unanswerable", "assumed", "withheld", "missing",
)  # fmt: skip
"""What became of a call, where it is worth a line: the others did as they had."""
COLUMNS = (
    "decision", "name", "kind", "path", "span_id", "recorded_id", "assumed", "edited", "given", "difference", "why",
)  # fmt: skip
TYPES = ("VARCHAR",) * 6 + ("BOOLEAN", "BOOLEAN", "VARCHAR[]", "VARCHAR", "VARCHAR")


@dataclass(frozen=True, slots=True)
class Replayed:
    """A replay of a trace, and what it cost."""

    replay_of: str
    result: Result
    cost_usd: float | None
    saved_usd: float | None
    """What the answered calls had cost in the recording."""


def write_result(replayed: Replayed, output_format: str) -> None:
    """Write what a replay showed: a document, its calls as rows, or lines for people that end with the verdict."""
    if output_format == "json":
        write_json(document(replayed))
    elif output_format != "table":
        write_rows(RowSet(COLUMNS, TYPES, [_row(call) for call in replayed.result.calls]), output_format)
    else:
        console = console_on(sys.stdout)
        for line in _lines(replayed):
            print_line(console, line)


def document(replayed: Replayed) -> dict[str, Any]:
    """Return all of it as JSON can hold it."""
    result = replayed.result
    return {
        "verdict": result.verdict,
        "sentence": result.sentence,
        "exit_code": result.exit_code,
        "replay_of": replayed.replay_of,
        "trace_id": result.trace_id,
        "counts": result.counts,
        "elapsed_s": result.elapsed_s,
        "recorded_s": result.recorded_s,
        "cost_usd": replayed.cost_usd,
        "saved_usd": replayed.saved_usd,
        "difference": asdict(result.judgement.difference) if result.judgement.difference else None,
        "before": _outcome(result.before),
        "after": _outcome(result.after),
        "calls": [dict(zip(COLUMNS, _row(call), strict=True)) for call in result.calls],
    }


def verdict_style(exit_code: int) -> str:
    """Return the colour of a verdict."""
    return {0: "bold green", 1: "bold red"}.get(exit_code, "bold yellow")


def _lines(replayed: Replayed) -> Iterator[Text]:
    result = replayed.result
    for call in result.calls:
        if call.decision in TOLD_DECISIONS or call.is_edited or call.given:
            yield Text(f"  {visible(_told(call), lines=False)}", "dim")
    for glob in result.idle_live:
        effects = dict.fromkeys(call.name for call in result.calls if call.decision in ("served", "live", "moved"))
        told = f"  --live {glob!r} fitted no call; the effects are {', '.join(effects) or 'none'}"
        yield Text(visible(told, lines=False), "dim")
    yield Text(f"  {_figures(replayed)}", "dim")
    if result.trace_id is not None:
        old, new = replayed.replay_of[:8], result.trace_id[:8]
        yield Text(f"  the replay is trace {new}: treadle diff {old} {new}", "dim")
    verdict = Text(result.verdict, verdict_style(result.exit_code))
    yield verdict.append(f": {visible(result.sentence, lines=False)}", "not bold default")


def _figures(replayed: Replayed) -> str:
    result = replayed.result
    counts = ", ".join(f"{count} {decision}" for decision, count in result.counts.items())
    said = [f"{counts or 'no calls'}; {result.elapsed_s:.2f} s"]
    if result.recorded_s is not None:
        said.append(f"recorded in {result.recorded_s:.2f} s")
    if replayed.cost_usd:
        said.append(f"cost {figures.money(replayed.cost_usd)}")
    if replayed.saved_usd:
        said.append(f"saved {figures.money(replayed.saved_usd)}")
    return ", ".join(said)


def _told(call: CallReport) -> str:
    notes = [
        str(call.difference) if call.difference else "",
        f"given {', '.join(path for path in call.given if path != '$')}" if set(call.given) - {"$"} else "",
        "the code was edited since" if call.is_edited else "",
        call.why or "",
    ]
    said = "; ".join(note for note in notes if note)
    return f"{call.decision:<12} {call.path}{': ' + said if said else ''}"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    output = None if outcome.output is None else json.loads(plain(outcome.output))
    return {"status": outcome.status, "output": output, "error": outcome.error}


def _row(call: CallReport) -> tuple[Any, ...]:
    difference = str(call.difference) if call.difference else None
    return (
        call.decision, call.name, call.kind, call.path, call.span_id, call.recorded_id, call.is_assumed, call.is_edited,
        list(call.given), difference, call.why,
    )  # fmt: skip
