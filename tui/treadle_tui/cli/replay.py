"""`treadle replay`: a recorded chain again, its effects answered from the recording, and a verdict."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.text import Text

from treadle.values import plain
from treadle_debugger.replaying import TIMEOUT_S, Request, Result, replay
from treadle_debugger.verdict import CallReport, Outcome
from treadle_tui.cli.controls import visible
from treadle_tui.cli.finding import find_step, find_trace
from treadle_tui.cli.options import Settings, common_options, examples, format_option, pass_settings, timeout_option
from treadle_tui.cli.output import RowSet, write_json, write_rows
from treadle_tui.cli.replay_export import export_option, write_test
from treadle_tui.cli.table import console_on, print_line

GOOD_VERDICTS = ("same", "fixed")
TOLD_DECISIONS = ("moved", "live", "changed", "new", "unanswerable", "missing")
"""What became of a call, where it is worth a line: the others did as they had."""
COLUMNS = ("decision", "name", "kind", "path", "span_id", "recorded_id", "assumed", "edited", "difference", "why")
TYPES = ("VARCHAR",) * 6 + ("BOOLEAN", "BOOLEAN", "VARCHAR", "VARCHAR")


@click.command(
    epilog=examples(
        "treadle replay last-failed",
        "treadle replay 7f3a --step 91c2 --live generate",
        "treadle replay 7f3a --live \"kind='tool'\" --format json",
        "treadle replay last-failed --export tests/test_refund.py",
    )
)
@click.argument("trace")
@click.option("--step", metavar="SPAN", help="Replay this one call, alone, with its recorded arguments.")
@click.option(
    "--live", metavar="X", multiple=True, help="Let these run for real: a glob on the name, or SQL. May be repeated."
)
@click.option("--trust", is_flag=True, help="Replay what carries no valid signature of yours.")
@export_option
@timeout_option(TIMEOUT_S, "Seconds until the replayed program is ended.")
@format_option
@common_options
@pass_settings
def command(
    settings: Settings,
    trace: str,
    *,
    step: str | None,
    live: tuple[str, ...],
    trust: bool,
    export_to: Path | None,
    timeout_s: float,
    output_format: str,
) -> int:
    """Run a recorded trace again, its effects answered from the recording.

    Model, tool and retriever calls are served as they were recorded; the code around them really runs, as it is today.
    Nothing goes live unless --live says so. What the program prints is shown as it prints; the verdict comes last.

    Exits with 0 where the result is the same or fixed, 1 where it still fails, changed or diverged, 2 where it could
    not be replayed. With --live a changed result is what was asked for, and exits with 0.
    """
    with settings.open_store() as store:
        found = find_trace(store, trace)
        step_id = found.span_id if step is None else find_step(store, found.trace_id, step)
        request = Request(found.trace_id, step_id, live, trust=trust, timeout_s=timeout_s)
        if export_to is not None:
            return write_test(store, request, export_to)
        sys.stdout.flush()
        with _leaving_in_order():
            result = replay(store, request, output=None if output_format == "table" else sys.stderr)
    if output_format == "table":
        _print(found.trace_id, result)
    elif output_format == "json":
        write_json(_document(found.trace_id, result))
    else:
        write_rows(RowSet(COLUMNS, TYPES, [_row(call) for call in result.calls]), output_format)
    return result.exit_code


@contextmanager
def _leaving_in_order() -> Iterator[None]:
    """Leave through every `finally` when told to end: the replaying process is a session of its own, and would stay."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    ends = (signal.SIGTERM, signal.SIGHUP)
    kept = {end: signal.signal(end, leave) for end in ends if signal.getsignal(end) is signal.SIG_DFL}
    try:
        yield
    finally:
        for end, handler in kept.items():
            signal.signal(end, handler)


def _print(trace_id: str, result: Result) -> None:
    console = console_on(sys.stdout)
    for line in _lines(trace_id, result):
        print_line(console, line)


def _lines(trace_id: str, result: Result) -> Iterator[Text]:
    for call in result.calls:
        if call.decision in TOLD_DECISIONS or call.is_edited:
            yield Text(f"  {visible(_told(call), lines=False)}", "dim")
    for glob in result.idle_live:
        effects = dict.fromkeys(call.name for call in result.calls if call.decision in ("served", "live", "moved"))
        told = f"  --live {glob!r} fitted no call; the effects are {', '.join(effects) or 'none'}"
        yield Text(visible(told, lines=False), "dim")
    counts = ", ".join(f"{count} {decision}" for decision, count in result.counts.items())
    recorded = "" if result.recorded_s is None else f", recorded in {result.recorded_s:.2f} s"
    yield Text(f"  {counts or 'no calls'}; {result.elapsed_s:.2f} s{recorded}", "dim")
    if result.trace_id is not None:
        old, new = trace_id[:8], result.trace_id[:8]
        yield Text(f"  the replay is trace {new}: treadle diff {old} {new}", "dim")
    verdict = Text(result.verdict, "bold green" if result.verdict in GOOD_VERDICTS else "bold red")
    yield verdict.append(f": {visible(result.sentence, lines=False)}", "not bold default")


def _told(call: CallReport) -> str:
    notes = [
        str(call.difference) if call.difference else "",
        "the code was edited since" if call.is_edited else "",
        call.why or "",
    ]
    said = "; ".join(note for note in notes if note)
    return f"{call.decision:<12} {call.path}{': ' + said if said else ''}"


def _document(trace_id: str, result: Result) -> dict[str, Any]:
    return {
        "verdict": result.verdict,
        "sentence": result.sentence,
        "exit_code": result.exit_code,
        "replay_of": trace_id,
        "trace_id": result.trace_id,
        "counts": result.counts,
        "elapsed_s": result.elapsed_s,
        "recorded_s": result.recorded_s,
        "difference": asdict(result.judgement.difference) if result.judgement.difference else None,
        "before": _outcome(result.before),
        "after": _outcome(result.after),
        "calls": [dict(zip(COLUMNS, _row(call), strict=True)) for call in result.calls],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    output = None if outcome.output is None else json.loads(plain(outcome.output))
    return {"status": outcome.status, "output": output, "error": outcome.error}


def _row(call: CallReport) -> tuple[Any, ...]:
    difference = str(call.difference) if call.difference else None
    return (
        call.decision, call.name, call.kind, call.path, call.span_id, call.recorded_id, call.is_assumed, call.is_edited,
        difference, call.why,
    )  # fmt: skip
