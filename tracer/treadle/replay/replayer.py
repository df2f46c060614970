"""Decides about each call of a replay: answer it from the recording, let it run, or stop.

Effects with an exact match are served; chains, agents and plain functions run today's code. Nothing goes live by
itself: a changed or a new effect stops the replay unless the user named it.
"""

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from treadle.model import EFFECT_KINDS, RecordedCall
from treadle.replay.answers import Answer, Refused, Served
from treadle.replay.divergence import DivergedError
from treadle.replay.matching import Match, Matcher
from treadle.replay.order import Order, end_moments
from treadle.replay.plan import Plan
from treadle.replay.report import Decision, Report

if TYPE_CHECKING:
    from treadle.call import Call


class Replaying:
    """The state of one replay, in the child: what `treadle.call` asks before each call."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._matcher = Matcher(plan)
        self._order = Order()
        self._moments = end_moments(plan.calls)
        self._live = plan.live_ids | _ancestors(plan.calls, plan.live_ids)
        self.root: Call | None = None

    def decide(self, call: "Call") -> Answer | None:
        """Return the answer that serves this call, or None to let it run."""
        function = call.traced.fields if call.traced is not None else None
        name = f"{function['module']}:{function['qualname']}" if function else call.name
        parent_id = call.parent.span_id if call.parent is not None else None
        match = self._matcher.match(
            span_id=call.span_id,
            parent_id=parent_id,
            name=name,
            shown=call.name,
            kind=call.kind,
            ordinal=call.ordinal,
            payload=call.payload,
        )
        decision = self._decision(call, match)
        recorded = match.recorded
        edited = bool(
            function and recorded and recorded.function and recorded.function.code_hash not in (None, function["hash"])
        )
        self._report.write(
            decision=decision,
            span=call.span_id,
            trace=call.trace_id,
            recorded=recorded.span_id if recorded else None,
            name=call.name,
            kind=call.kind,
            path=match.path,
            assumed=match.assumed,
            edited=edited,
            input=call.payload.decode() if decision in ("changed", "new") else None,
        )
        if self.root is None and parent_id is None:
            self.root = call
            call.link_to(rel="replay_of", trace=self._plan.trace_id, span=self._plan.root_id)
        return self._answer(call, decision, match)

    def _decision(self, call: "Call", match: Match) -> Decision:
        recorded = match.recorded
        if call.parent is None and self.root is None:
            return "live" if call.kind in EFFECT_KINDS else "ran"
        if recorded is not None and recorded.span_id in self._live:
            return "live" if call.kind in EFFECT_KINDS else "ran"
        if call.kind not in EFFECT_KINDS:
            return "ran"
        if recorded is not None and match.how in ("exact", "moved"):
            if recorded.status not in ("ok", "error") and not recorded.closed_early:
                return "unanswerable"
            return "moved" if match.how == "moved" else "served"
        if any(fnmatchcase(call.name, glob) for glob in self._plan.live_names):
            return "live"
        return "changed" if recorded is not None else "new"

    def _answer(self, call: "Call", decision: Decision, match: Match) -> Answer | None:
        if decision in ("ran", "live"):
            return None
        if decision in ("served", "moved"):
            assert match.recorded is not None
            moment = self._moments[match.recorded.span_id]
            return Served(match.recorded, moment, self._order, lambda why: self._say_unanswerable(call, match, why))
        return Refused(f"{match.path}: {_REASONS[decision]}")

    def _say_unanswerable(self, call: "Call", match: Match, why: str) -> None:
        self._report.write(
            decision="unanswerable",
            span=call.span_id,
            trace=call.trace_id,
            recorded=match.recorded.span_id if match.recorded else None,
            name=call.name,
            kind=call.kind,
            path=match.path,
            why=why,
        )


class Loading:
    """What answers while the recorded program is loaded: nothing of it may run before its replay begins."""

    def decide(self, call: "Call") -> Answer:
        """Stop, and record nothing.

        Raises:
            DivergedError: always.

        """
        raise DivergedError(f"it calls {call.name} as soon as it is loaded")


_REASONS: dict[str, str] = {
    "changed": "its arguments are not the recorded ones",
    "new": "the recording has no such call",
    "unanswerable": "it never ended in the recording",
}


def _ancestors(calls: tuple[RecordedCall, ...], below: frozenset[str]) -> frozenset[str]:
    """Return the ids of everything above some steps: an effect above a live step must run to reach it."""
    parents = {call.span_id: call.parent_span_id for call in calls}
    above = set()
    for span_id in below:
        parent = parents.get(span_id)
        while parent is not None and parent not in above:
            above.add(parent)
            parent = parents.get(parent)
    return frozenset(above)
