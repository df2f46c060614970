"""Replay a recorded call or a whole chain: check it, run it in a child process, judge what came of it."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any

from treadle.model import RecordedCall
from treadle.replay import running
from treadle.replay.model_spans.reading import is_model_span
from treadle.replay.network import OPTION
from treadle.replay.plan import Plan
from treadle.replay.report import outcome_of
from treadle.replay.running import Control, Ended
from treadle_debugger.admission import (
    calls_below,
    check_debugged,
    check_replayable,
    check_signatures,
    root_of,
    signed_cells,
)
from treadle_debugger.choosing import choose
from treadle_debugger.model_spans import asked_request, outcomes_said, without_program
from treadle_debugger.nondeterminism import with_origin
from treadle_debugger.request import BARE_WORD, TIMEOUT_S, Request, Source
from treadle_debugger.verdict import (
    DIVERGING,
    CallReport,
    Judgement,
    Outcome,
    Verdict,
    count,
    error_text,
    exit_code,
    judge,
    read_calls,
    recorded_outcome,
)

__all__ = ["TIMEOUT_S", "Control", "Request", "Result", "replay"]


@dataclass(frozen=True, slots=True)
class Result:
    """What a replay did and showed."""

    verdict: Verdict
    sentence: str
    exit_code: int
    trace_id: str | None
    """The new trace, linked to the old one; None where nothing ran."""
    calls: tuple[CallReport, ...]
    counts: dict[str, int]
    elapsed_s: float
    recorded_s: float | None
    """How long the recording took."""
    judgement: Judgement
    idle_live: tuple[str, ...]
    """The `live` globs that fitted no call."""
    before: Outcome
    after: Outcome


def replay(
    store: Source, request: Request, *, output: IO[Any] | int | None = None, control: Control | None = None
) -> Result:
    """Replay, and wait for the end.

    `output` takes what the replayed program prints, on both its streams; None leaves them as they are. `control`
    follows the replay call by call, and can stop it from another thread.

    Raises:
        NotFoundError: the trace has no such step.
        NotReplayableError: the recording lacks what a replay needs.
        RefusedError: a record was changed, or a call would go live that nobody allowed.
        ReplayStoppedError: `control` said to stop.
        UsageError: a pattern fits nothing, or a path leads nowhere.

    """
    recording = store.recording(request.trace_id)
    root = root_of(recording, request.step_id)
    calls = calls_below(recording.calls, root)
    asked = asked_request(root, request)
    chosen = choose(store, request, calls, asked=asked)
    check_replayable(root, request, chosen.live_ids)
    check_debugged(root, calls, request, chosen.live_ids)
    if not request.trust:
        check_signatures(recording.process, root, calls, chosen.unread_ids, store=store.path)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="treadle-replay-") as folder:
        plan = Plan(
            store=str(store.path),
            trace_id=recording.trace_id,
            root_id=root.span_id,
            process=recording.process if asked is None else without_program(recording.process),
            calls=calls,
            report=str(Path(folder) / "report.ndjson"),
            live_ids=chosen.live_ids,
            live_names=chosen.live_names,
            live_changed=request.live_changed,
            live_from=request.from_id,
            overrides=chosen.overrides,
            model=request.model,
            is_strict=request.strict,
            is_paced=request.paced,
            with_effects=request.with_effects,
            with_network=request.with_network,
            debugged=request.debugged,
            root_input=asked or request.root_input,
            is_signed=not request.trust,
            sources=signed_cells(recording, root) if asked is None else (),
        )
        ended = running.run(plan, Path(folder), timeout_s=request.timeout_s, output=output, control=control)
    return _result(store, root, calls, request, ended=ended, elapsed_s=time.monotonic() - started)


def _idle(live: Sequence[str], calls: Sequence[CallReport]) -> tuple[str, ...]:
    """Return the globs that fitted no call: a typing error, most likely."""
    ran = [call.name for call in calls if call.decision in ("live", "withheld")]
    return tuple(glob for glob in live if BARE_WORD.match(glob) and not any(fnmatchcase(name, glob) for name in ran))


def _result(
    store: Source,
    root: RecordedCall,
    recorded: Sequence[RecordedCall],
    request: Request,
    *,
    ended: Ended,
    elapsed_s: float,
) -> Result:
    lines = ended.lines
    last = outcome_of(lines)
    calls = read_calls(lines, recorded, has_returned=last is not None and last["outcome"] == "returned")
    before = recorded_outcome(root)
    after = _after(last)
    judgement = _judge_end(ended, request, calls) or _judged(root, before, after, calls, strict=request.strict)
    trace_id = next((line["trace"] for line in lines if "decision" in line), None)
    if last is not None and (hosts := last.get("kept_from")) and OPTION not in judgement.sentence:
        judgement = replace(judgement, sentence=f"{judgement.sentence}; {OPTION} kept it from {', '.join(hosts[:3])}")
    judgement = with_origin(judgement, store, request, recorded=recorded, trace_id=trace_id, calls=calls)
    duration_ns = root.ended_at_ns - root.started_at_ns if root.ended_at_ns is not None else None
    return Result(
        verdict=judgement.verdict,
        sentence=judgement.sentence,
        exit_code=exit_code(judgement.verdict, overridden=request.is_overridden),
        trace_id=trace_id,
        calls=calls,
        counts=count(calls),
        elapsed_s=elapsed_s,
        recorded_s=duration_ns / 1e9 if duration_ns is not None else None,
        judgement=judgement,
        idle_live=_idle(request.live, calls),
        before=before,
        after=after,
    )


def _judged(
    root: RecordedCall, before: Outcome, after: Outcome, calls: Sequence[CallReport], *, strict: bool
) -> Judgement:
    compared = outcomes_said(root, before, after) if is_model_span(root) else (before, after)
    return compared if isinstance(compared, Judgement) else judge(*compared, calls, strict=strict)


def _after(last: dict[str, Any] | None) -> Outcome:
    if last is None or last["outcome"] not in ("returned", "raised"):
        return Outcome("unknown", None, None)
    tagged = last["output"].encode()
    return Outcome(last["outcome"], tagged, error_text(tagged) if last["outcome"] == "raised" else None)


def _judge_end(ended: Ended, request: Request, calls: Sequence[CallReport]) -> Judgement | None:
    """Return the verdict where the child did not come to an end that can be compared."""
    broken = running.broken_end(ended, request.timeout_s)
    if broken is None or (broken[0] == "diverged" and any(call.decision in DIVERGING for call in calls)):
        return None
    return Judgement(*broken)
