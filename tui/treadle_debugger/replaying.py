"""Replay a recorded call or a whole chain: check it, run it in a child process, judge what came of it.

Nothing here goes live by itself, and nothing is run or served that does not carry the user's own signature, unless
they said so. The child is a session of its own and is killed as a group.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from treadle.errors import NotFoundError, NotReplayableError, RefusedError, UsageError
from treadle.model import EFFECT_KINDS, Process, RecordedCall, Recording
from treadle.replay import report
from treadle.replay.plan import Plan
from treadle.signing import load_key, verify_end, verify_process, verify_start
from treadle_debugger.verdict import (
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

TIMEOUT_S = 600.0
_BARE_WORD = re.compile(r"[\w.*?\[\]!\-]+\Z")


class Steps(Protocol):
    """The order of a trace's steps, in which a store answers conditions."""

    def hex_id(self, index: int, /) -> str:
        """Return the span id of a step."""


class Source(Protocol):
    """What a replay needs of a store."""

    @property
    def path(self) -> Path:
        """The store's folder."""

    def recording(self, trace_id: str, /) -> Recording:
        """Return a trace with all that is needed to answer its calls."""

    def tree(self, trace_id: str, /) -> Steps:
        """Return the order of its steps."""

    def hits(self, trace_id: str, condition: str, /) -> NDArray[np.bool_]:
        """Return which steps a condition holds for."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to replay, and how."""

    trace_id: str
    step_id: str | None = None
    """One call alone; None: the whole chain."""
    live: tuple[str, ...] = ()
    """Globs on names or SQL conditions: these calls run for real."""
    root_input: bytes | None = None
    """Tagged JSON, given to the first call instead of what was recorded."""
    trust: bool = False
    """Replay records that carry no valid signature."""
    timeout_s: float = TIMEOUT_S


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
    before: Outcome
    after: Outcome


def replay(store: Source, request: Request, *, output: IO[Any] | int | None = None) -> Result:
    """Replay, and wait for the end.

    `output` takes what the replayed program prints, on both its streams; None leaves them as they are.

    Raises:
        NotFoundError: the trace has no such step.
        NotReplayableError: the recording lacks what a replay needs.
        RefusedError: a record was changed, or a call would go live that nobody allowed.
        UsageError: a `live` pattern fits nothing.

    """
    recording = store.recording(request.trace_id)
    root = _root(recording, request.step_id)
    calls = _below(recording.calls, root)
    live_ids, live_names = _live(store, request, calls)
    _check_replayable(root, request, live_ids)
    if not request.trust:
        check_signatures(recording.process, root, calls, live_ids)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="treadle-replay-") as folder:
        plan = Plan(
            store=str(store.path),
            trace_id=recording.trace_id,
            root_id=root.span_id,
            process=recording.process,
            calls=calls,
            live_ids=live_ids,
            live_names=live_names,
            root_input=request.root_input,
            report=str(Path(folder) / "report.ndjson"),
        )
        ended = _run_child(plan, Path(folder), request.timeout_s, output)
        lines = report.read(Path(plan.report))
    return _result(root, calls, lines, request, ended, time.monotonic() - started)


def check_signatures(
    process: Process, root: RecordedCall, calls: Sequence[RecordedCall], live_ids: frozenset[str]
) -> None:
    """Refuse what this user did not record: what would be started, and every answer that would be served.

    Raises:
        RefusedError: names the first record that was changed, or that nobody signed.

    """
    key = load_key(create=False)
    if key is None:
        raise RefusedError("there is no key to check the recording with: look at it, then replay with --trust")
    if not verify_process(key, process) or root.process_id != process.process_id:
        how = "was changed after it was recorded" if process.signature else "carries no signature"
        raise RefusedError(
            f"how the program was started (process {process.process_id}) {how}: look at it, then replay with --trust"
        )
    for call in calls:
        is_served = call.kind in EFFECT_KINDS and call.span_id not in live_ids and call is not root
        if (call is root or is_served) and not verify_start(key, call):
            raise RefusedError(_refusal(call, "what went into", call.start_signature))
        if is_served and call.status in ("ok", "error") and not verify_end(key, call):
            raise RefusedError(_refusal(call, "the answer of", call.end_signature))


def _refusal(call: RecordedCall, what: str, signature: str | None) -> str:
    how = "was changed after it was recorded" if signature else "carries no signature"
    where = f"step {call.span_id}, record {call.seq} of its journal"
    return f"{what} {call.name} ({where}) {how}: look at it, then replay with --trust if you believe it"


def _root(recording: Recording, step_id: str | None) -> RecordedCall:
    for call in recording.calls:
        if call.span_id == step_id or (step_id is None and call.parent_span_id is None):
            return call
    if step_id is None:
        raise NotReplayableError("the trace has no first step that Treadle recorded: replay a --step of it")
    raise NotFoundError(f"trace {recording.trace_id} has no step {step_id}")


def _below(calls: Sequence[RecordedCall], root: RecordedCall) -> tuple[RecordedCall, ...]:
    kept = {root.span_id}
    for call in calls:
        if call.parent_span_id in kept:
            kept.add(call.span_id)
    return tuple(call for call in calls if call.span_id in kept)


def _live(store: Source, request: Request, calls: Sequence[RecordedCall]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the recorded steps that run for real, and the globs that calls without a recorded one are tested by."""
    known = {call.span_id for call in calls}
    live: set[str] = set()
    globs = tuple(pattern for pattern in request.live if _BARE_WORD.match(pattern))
    steps = store.tree(request.trace_id) if request.live else None
    for pattern in request.live:
        assert steps is not None
        indices = np.flatnonzero(store.hits(request.trace_id, pattern))
        found = {steps.hex_id(int(index)) for index in indices} & known
        if not found and pattern not in globs:
            raise UsageError(f"--live {pattern!r} fits no step of this trace")
        live |= found
    return frozenset(live), globs


def _check_replayable(root: RecordedCall, request: Request, live_ids: frozenset[str]) -> None:
    if root.kind in EFFECT_KINDS and root.span_id not in live_ids:
        raise RefusedError(f"replaying {root.name} alone makes a real call: allow it with --live {root.name!r}")
    if request.root_input is None and not root.replayable:
        raise NotReplayableError(f"{root.name} cannot be called again: {root.not_replayable_why}")


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the child ended."""

    timed_out: bool
    code: int


def _run_child(plan: Plan, folder: Path, timeout_s: float, output: IO[Any] | int | None) -> _Ended:
    """Run the child to its end; a plan that names a folder that is gone is not replayable."""
    process = plan.process
    if process.cwd and not Path(process.cwd).is_dir():
        raise NotReplayableError(f"the program ran in {process.cwd}, which is gone")
    plan_file = folder / "plan.json"
    plan.write(plan_file)
    python = process.executable if Path(process.executable).exists() else sys.executable
    child = subprocess.Popen(
        [python, "-P", "-m", "treadle.replay.child", str(plan_file)],
        cwd=process.cwd or None,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output if output is not None else None,
        start_new_session=True,
        env={**os.environ, "TREADLE_STORE": plan.store},
    )
    try:
        return _Ended(timed_out=False, code=child.wait(timeout_s))
    except subprocess.TimeoutExpired:
        return _Ended(timed_out=True, code=-signal.SIGKILL)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _result(
    root: RecordedCall,
    recorded: Sequence[RecordedCall],
    lines: list[dict[str, Any]],
    request: Request,
    ended: _Ended,
    elapsed_s: float,
) -> Result:
    last = next((line for line in reversed(lines) if "outcome" in line), None)
    calls = read_calls(lines, recorded)
    before = recorded_outcome(root)
    after = _after(last)
    judgement = _judge_end(last, ended, request) or judge(before, after, calls)
    overridden = bool(request.live) or request.root_input is not None
    duration_ns = root.ended_at_ns - root.started_at_ns if root.ended_at_ns is not None else None
    return Result(
        verdict=judgement.verdict,
        sentence=judgement.sentence,
        exit_code=exit_code(judgement.verdict, overridden=overridden),
        trace_id=next((line["trace"] for line in lines if "decision" in line), None),
        calls=calls,
        counts=count(calls),
        elapsed_s=elapsed_s,
        recorded_s=duration_ns / 1e9 if duration_ns is not None else None,
        judgement=judgement,
        before=before,
        after=after,
    )


def _after(last: dict[str, Any] | None) -> Outcome:
    if last is None or last["outcome"] not in ("returned", "raised"):
        return Outcome("unknown", None, None)
    tagged = last["output"].encode()
    return Outcome(last["outcome"], tagged, error_text(tagged) if last["outcome"] == "raised" else None)


def _judge_end(last: dict[str, Any] | None, ended: _Ended, request: Request) -> Judgement | None:
    """Return the verdict where the child did not come to an end that can be compared."""
    if last is not None and last["outcome"] == "not replayable":
        return Judgement("not replayable", last["why"])
    if last is not None and last["outcome"] == "refused":
        return Judgement("refused", last["why"])
    if ended.timed_out:
        return Judgement("timed out", f"it was still running after {request.timeout_s:g} s, and was ended")
    if last is None:
        how = f"was killed by signal {-ended.code}" if ended.code < 0 else f"ended with exit code {ended.code}"
        return Judgement("crashed", f"the replaying process {how} before it was done")
    return None
