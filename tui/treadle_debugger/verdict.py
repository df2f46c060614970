"""What a replay showed, in one word, one sentence and one exit code."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import orjson

from treadle.model import RecordedCall
from treadle.replay.strays import (
    DIVERGING,
    CallReport,
    Decision,
    error_text,
    missing_calls,
    reported_calls,
    stray_sentence,
)
from treadle.values import digest, plain
from treadle.values.difference import Difference, first_difference

__all__ = [
    "DIVERGING",
    "CallReport",
    "Decision",
    "Judgement",
    "Outcome",
    "Verdict",
    "count",
    "error_text",
    "exit_code",
    "judge",
    "read_calls",
    "recorded_outcome",
]

Verdict: TypeAlias = Literal[
    "same",
    "changed",
    "fixed",
    "still failing",
    "regressed",
    "diverged",
    "not replayable",
    "timed out",
    "crashed",
    "refused",
]

MOST_EDITED = 5
"""So many edited functions are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: of the recording, or of its replay."""

    status: Literal["returned", "raised", "unknown"]
    output: bytes | None
    """Tagged JSON of the result or of the exception."""
    error: str | None
    """`Type: message` where it raised."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and why in a sentence."""

    verdict: Verdict
    sentence: str
    difference: Difference | None = None
    """Where the results differ."""


def judge(before: Outcome, after: Outcome, calls: Sequence[CallReport], *, strict: bool = False) -> Judgement:
    """Compare how a replay ended with how its recording did; where it is `strict`, nothing may be missing."""
    judgement = _judged(before, after, calls, strict=strict)
    edited = list(dict.fromkeys(call.name for call in calls if call.is_edited))
    if not edited:
        return judgement
    more = f" and {len(edited) - MOST_EDITED} more" if len(edited) > MOST_EDITED else ""
    named = ", ".join(edited[:MOST_EDITED])
    return replace(judgement, sentence=f"{judgement.sentence}; edited since: {named}{more}")


def exit_code(verdict: Verdict, *, overridden: bool) -> int:
    """Return 0: all is well, or the user changed something; 1: what was checked failed; 2: it did not run."""
    if verdict in ("not replayable", "refused"):
        return 2
    fine: tuple[Verdict, ...] = ("same", "fixed", "changed") if overridden else ("same", "fixed")
    return 0 if verdict in fine else 1


def read_calls(
    lines: Sequence[dict[str, Any]], recorded: Sequence[RecordedCall], *, has_returned: bool
) -> tuple[CallReport, ...]:
    """Return what the child's report says of each call, and of a replay that returned what it never asked for."""
    reports = reported_calls(lines, recorded)
    return (*reports, *(missing_calls(reports, recorded) if has_returned else ()))


def count(calls: Sequence[CallReport]) -> dict[str, int]:
    """Return how many calls were decided how; glue that simply ran is not counted among effects."""
    return dict(Counter("served" if call.decision == "moved" else call.decision for call in calls))


def recorded_outcome(root: RecordedCall) -> Outcome:
    """Return how the recording ended."""
    if root.status == "error":
        return Outcome("raised", root.output_tagged, error_text(root.output_tagged))
    if root.status == "ok":
        return Outcome("returned", root.output_tagged, None)
    return Outcome("unknown", None, None)


def _judged(before: Outcome, after: Outcome, calls: Sequence[CallReport], *, strict: bool) -> Judgement:
    strayed = [call for call in calls if call.decision in DIVERGING or (strict and call.decision == "missing")]
    if strayed:
        return Judgement("diverged", stray_sentence(strayed[0], more=len(strayed) - 1))
    if after.status == "raised":
        return _judge_failure(before, after)
    if before.status != "returned":
        was = f"it had raised {before.error}" if before.error else "it had not ended in the recording"
        return Judgement("fixed", f"it returned; {was}")
    said_before, said_after = _said(before.output), _said(after.output)
    difference = first_difference(said_before, said_after)
    if difference is not None and digest(said_before) != digest(said_after):
        return Judgement("changed", f"it returned something else: {difference}", difference)
    missing = [call for call in calls if call.decision == "missing"]
    if missing:
        return Judgement("changed", f"the same result, but {missing[0].path} was not asked for")
    return Judgement("same", "it returned what was recorded")


def _said(tagged: bytes | None) -> bytes:
    """Return what counts of a result: of a model's completion its messages, not its id and its time."""
    held = orjson.loads(plain(tagged or b"null"))
    if isinstance(held, dict) and str(held.get("object", "")).startswith("chat.completion"):
        said = [choice.get("message") for choice in held.get("choices", []) if isinstance(choice, dict)]
        return orjson.dumps([{k: v for k, v in message.items() if v is not None} for message in said if message])
    return tagged or b"null"


def _judge_failure(before: Outcome, after: Outcome) -> Judgement:
    if before.status == "raised":
        same = "the same" if before.error == after.error else f"before it was {before.error}"
        return Judgement("still failing", f"it raised {after.error} ({same})")
    return Judgement("regressed", f"it raised {after.error}; it had returned")
