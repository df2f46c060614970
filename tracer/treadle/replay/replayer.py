"""Decides about each call of a replay: answer it from the recording, let it run, or stop.

Effects with an exact match are served; chains, agents and plain functions run today's code. What the user says of a
call comes before that. Nothing goes live by itself: a changed or a new effect stops the replay unless the user said so.
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from treadle.errors import TreadleError
from treadle.model import EFFECT_KINDS, RecordedCall, Source
from treadle.replay import debugging
from treadle.replay.answers import Answer, Refused, Served
from treadle.replay.changed import Changed
from treadle.replay.divergence import DivergedError
from treadle.replay.matching import Match, Matcher
from treadle.replay.moments import Moment, end_moments
from treadle.replay.order import Order
from treadle.replay.overrides import Override, changed_arguments, made_up, with_answer, with_model
from treadle.replay.plan import Plan, with_ancestors
from treadle.replay.report import Report
from treadle.replay.strays import Decision
from treadle.surroundings.groups import group_of

if TYPE_CHECKING:
    from treadle.call import Call

Held = Callable[[], dict[str, Any]]
"""Returns the arguments that a call was made with, by name."""


class Replaying:
    """The state of one replay, in the child: what `treadle.call` asks before each call."""

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._matcher = Matcher(plan)
        self._order = Order()
        self._moments = end_moments(plan.calls)
        self._live = with_ancestors(plan.calls, plan.live_ids)
        self._lets_run = plan.live_changed
        """Whether what the recording has no answer for runs for real: what follows from what was given does."""
        self.root: Call | None = None

    def decide(self, call: "Call", held: Held) -> Answer | Changed | None:
        """Return what serves this call, or other arguments for it, or None to let it run as it was called."""
        match = self._matcher.match(call)
        recorded = match.recorded
        if recorded is not None and recorded.span_id == self._plan.live_from:
            self._lets_run = True
        instead = [override for override in self._plan.overrides if override.fits(call, recorded)]
        decision, answer = self._decided(call, match, instead, held)
        if instead or (answer is not None and answer.held is not None):
            self._lets_run = True
        why = answer.why if isinstance(answer, Refused) else None
        self._tell(call, match, decision, [override.path or "$" for override in instead], why=why)
        if self.root is None and call.parent is None:
            self.root = call
            call.link_to(rel="replay_of", trace=self._plan.trace_id, span=self._plan.root_id)
        if recorded is not None and recorded.span_id == self._plan.debugged and call.traced is not None:
            debugging.stop_in(call.traced.function)
        return answer

    def _decided(
        self, call: "Call", match: Match, instead: Sequence[Override], held: Held
    ) -> tuple[Decision, Answer | Changed | None]:
        try:
            answered = next((override for override in reversed(instead) if override.path is None), None)
            if answered is not None:
                known = match.recorded or made_up(call)
                return "overridden", self._served(call, match, with_answer(known, answered), source="overridden")
            changed = self._changed(call, instead, held)
        except TreadleError as error:
            return "unanswerable", Refused(match.path, str(error))
        if call.parent is None and self.root is None and self._became_an_effect(call, match):
            return "unanswerable", Refused(match.path, f"it is of kind {call.kind} today, and was not: {RECORD_ANEW}")
        decision = self._decision(call, match, is_changed=changed is not None)
        if decision in ("ran", "live"):
            return decision, changed
        if decision in ("served", "moved"):
            assert match.recorded is not None
            return decision, self._served(call, match, match.recorded)
        return decision, Refused(match.path, REASONS[decision])

    def _changed(self, call: "Call", instead: Sequence[Override], held: Held) -> Changed | None:
        given = changed_arguments(held(), instead) if instead else None
        if self._plan.model is not None and call.kind == "llm":
            given = with_model(given or held(), self._plan.model) or given
        return Changed(given) if given is not None else None

    def _decision(self, call: "Call", match: Match, *, is_changed: bool) -> Decision:
        recorded = match.recorded
        is_root = call.parent is None and self.root is None
        if is_root or is_changed or (recorded is not None and recorded.span_id in self._live):
            return self._let_run(call, recorded)
        if self._plan.is_strict and match.assumed:
            return "assumed"
        if _kind(call, recorded) not in EFFECT_KINDS:
            if self._plan.is_strict and match.how in ("soft", "renamed", "none"):
                return "changed" if recorded is not None else "new"
            return "ran"
        if recorded is not None and match.how in ("exact", "moved"):
            if recorded.status not in ("ok", "error") and not recorded.closed_early:
                return "unanswerable"
            return "moved" if match.how == "moved" else "served"
        if (
            self._lets_run
            or self._is_harmless(call)
            or any(fnmatchcase(call.name, glob) for glob in self._plan.live_names)
        ):
            return self._let_run(call, recorded)
        return "changed" if recorded is not None else "new"

    def _became_an_effect(self, call: "Call", match: Match) -> bool:
        """Tell whether today's code makes an effect of glue: nobody was asked whether it may run for real."""
        recorded = match.recorded
        return call.kind in EFFECT_KINDS and recorded is not None and recorded.kind not in EFFECT_KINDS

    def _is_harmless(self, call: "Call") -> bool:
        """Tell of a reading of the clock or of random numbers that it may be a real one, where nothing was recorded."""
        return call.traced is None and group_of(call.name) is not None and not self._plan.is_strict

    def _let_run(self, call: "Call", recorded: RecordedCall | None) -> Decision:
        if _kind(call, recorded) not in EFFECT_KINDS:
            return "ran"
        may_run = call.traced is None or call.traced.idempotent or self._plan.with_effects
        return "live" if may_run else "withheld"

    def _served(self, call: "Call", match: Match, recorded: RecordedCall, *, source: Source = "served") -> Served:
        return Served(
            recorded,
            self._moments.get(recorded.span_id) or Moment(call.started_at_ns, None),
            self._order,
            lambda why: self._tell(call, match, "unanswerable", (), why=why),
            source=source,
            is_paced=self._plan.is_paced,
        )

    def _tell(
        self, call: "Call", match: Match, decision: Decision, given: Sequence[str], *, why: str | None = None
    ) -> None:
        recorded = match.recorded
        was = recorded.function.code_hash if recorded is not None and recorded.function is not None else None
        is_now = call.traced.fields["hash"] if call.traced is not None else None
        self._report.write(
            decision=decision,
            span=call.span_id,
            trace=call.trace_id,
            recorded=recorded.span_id if recorded else None,
            name=call.name,
            kind=_kind(call, recorded),
            path=match.path,
            assumed=match.assumed,
            edited=was is not None and is_now is not None and was != is_now,
            given=given,
            input=call.payload.decode() if decision in ("changed", "new") else None,
            why=why,
        )


def _kind(call: "Call", recorded: RecordedCall | None) -> str:
    """Return a call's kind; what was an effect is one, also where today's code does not say so any more."""
    return recorded.kind if recorded is not None and recorded.kind in EFFECT_KINDS else call.kind


class Loading:
    """What answers while the recorded program is loaded: nothing of it may run before its replay begins."""

    def decide(self, call: "Call", _held: Held) -> Answer:
        """Stop, and record nothing.

        Raises:
            DivergedError: always.

        """
        raise DivergedError(f"it calls {call.name} as soon as it is loaded")


RECORD_ANEW = "give it back its kind, or record it anew"
REASONS: dict[Decision, str] = {
    "changed": "its arguments are not the recorded ones",
    "new": "the recording has no such call",
    "unanswerable": "it never ended in the recording",
    "assumed": "something in its arguments was not recorded, and can only be assumed to be the same",
    "withheld": "it may not be called again without harm",
}
