"""What became of each call of a replay, read from the child's report, and what is said where one left the recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson

from treadle.model import EFFECT_KINDS, RecordedCall
from treadle.surroundings.groups import group_of
from treadle.values.difference import Difference, first_difference
from treadle.values.view import unwrap

Decision: TypeAlias = Literal[
    "ran", "served", "moved", "overridden", "live", "changed", "new", "unanswerable", "assumed", "withheld", "missing"
]

DIVERGING = ("changed", "new", "unanswerable", "assumed", "withheld")
ANSWERED = ("served", "moved", "overridden")
"""What is below such a call is not made again."""
LONGEST_MESSAGE = 160


@dataclass(frozen=True, slots=True)
class CallReport:
    """What became of one call."""

    decision: Decision
    name: str
    kind: str
    path: str
    """Where it is: `answer#0/generate#1`."""
    span_id: str | None
    """In the new trace; None where it was missing."""
    recorded_id: str | None
    is_assumed: bool
    """Arguments that were not recorded are taken to be the same."""
    is_edited: bool
    """The function's code is not what was recorded."""
    given: tuple[str, ...]
    """The paths of the arguments that the user gave it, `$` for its answer."""
    difference: Difference | None
    """Where its arguments differ from the recorded ones."""
    why: str | None


def reported_calls(lines: Sequence[dict[str, Any]], recorded: Sequence[RecordedCall]) -> tuple[CallReport, ...]:
    """Return what a child's report says of each call that the replayed program made."""
    by_id = {call.span_id: call for call in recorded}
    reports = {line["span"]: _call_report(line, by_id) for line in lines if "decision" in line}
    return tuple(reports.values())


def missing_calls(reports: Sequence[CallReport], recorded: Sequence[RecordedCall]) -> list[CallReport]:
    """Return the recorded effects that were not asked for, but for those below an answered one."""
    asked = {report.recorded_id for report in reports}
    parents = {call.span_id: call.parent_span_id for call in recorded}
    answered = {report.recorded_id for report in reports if report.decision in ANSWERED}
    missing = []
    for call in recorded:
        if not _is_missed(call) or call.span_id in asked or _is_below(call.parent_span_id, answered, parents):
            continue
        missing.append(
            CallReport(
                decision="missing",
                name=call.name,
                kind=call.kind,
                path=call.name,
                span_id=None,
                recorded_id=call.span_id,
                is_assumed=False,
                is_edited=False,
                given=(),
                difference=None,
                why=None,
            )
        )
    return missing


def stray_sentence(call: CallReport, *, more: int) -> str:
    """Say where a replay left its recording; `more` is how many other calls did."""
    tail = f", and {more} more" if more else ""
    is_effect = call.kind in EFFECT_KINDS
    allow = f": allow it with --live {call.name!r}, or all with --live-changed" if is_effect else ""
    if call.decision == "new":
        return f"{call.path} is not in the recording{tail}{allow}"
    if call.decision == "changed":
        return f"{call.path}: {call.difference}{tail}{allow}"
    if call.decision == "assumed":
        return f"{call.path}: something in its arguments was not recorded{tail}, and strictly it may be anything"
    if call.decision == "withheld":
        return f"{call.path} may not be called again without harm{tail}: allow it with --allow-effects"
    if call.decision == "missing":
        return f"{call.path} was not asked for{tail}"
    return f"{call.path} cannot be answered{tail}: {call.why or 'it never ended in the recording'}"


def error_text(tagged: bytes | None) -> str:
    """Return `Type: message` of a tagged exception."""
    held = orjson.loads(tagged or b"null")
    if not isinstance(held, dict):
        return "an error"
    name = str(held.get("type", "")).rpartition(":")[2]
    message = unwrap(held.get("message"))  # where it held a secret it is tagged, and shown without it
    text = message if isinstance(message, str) else ""
    shown = text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"
    return f"{name}: {shown}" if shown else name


def _call_report(line: dict[str, Any], recorded: Mapping[str, RecordedCall]) -> CallReport:
    known = recorded.get(line.get("recorded") or "")
    given = line.get("input")
    return CallReport(
        decision=line["decision"],
        name=line["name"],
        kind=line["kind"],
        path=line["path"],
        span_id=line["span"],
        recorded_id=line.get("recorded"),
        is_assumed=bool(line.get("assumed")),
        is_edited=bool(line.get("edited")),
        given=tuple(line.get("given") or ()),
        difference=first_difference(known.input_tagged, given.encode()) if known and given else None,
        why=line.get("why"),
    )


def _is_missed(call: RecordedCall) -> bool:
    """Tell of a recorded call that it counts when it is not made any more: a clock that is not read does not."""
    return call.kind in EFFECT_KINDS and (call.function is not None or group_of(call.name) is None)


def _is_below(span_id: str | None, above: set[str | None], parents: dict[str, str | None]) -> bool:
    while span_id is not None:
        if span_id in above:
            return True
        span_id = parents.get(span_id)
    return False
