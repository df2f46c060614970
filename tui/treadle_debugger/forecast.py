"""What a replay would do for real, and about what that costs: shown before anything runs.

A call costs what it cost in the recording. Which calls will have changed nobody can know before: those that may are
counted apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from treadle.model import EFFECT_KINDS, RecordedCall
from treadle.replay.plan import with_ancestors
from treadle.surroundings.groups import group_of
from treadle_debugger.admission import calls_below, check_replayable, check_signatures, root_of
from treadle_debugger.choosing import EVERY_NAME, choose
from treadle_debugger.model_spans import asked_request
from treadle_debugger.request import Request, Source


@dataclass(frozen=True, slots=True)
class LiveCalls:
    """Calls of one name that run for real."""

    name: str
    kind: str
    count: int
    cost_usd: float | None
    """None where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would run for real."""

    certain: tuple[LiveCalls, ...]
    """What the user named, and what must run to reach it."""
    possible: tuple[LiveCalls, ...]
    """What runs for real only if it has changed by then."""
    new_names: tuple[str, ...]
    """Globs: calls of these names that the recording has not would run for real as well."""
    calls: int
    """How many calls a replay decides about that does what the recording did."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing can go live."""
        return not self.certain and not self.possible and not self.lets_new_run

    @property
    def lets_new_run(self) -> bool:
        """Whether calls that the recording has not can go live."""
        return bool(self.new_names)

    @property
    def cost_usd(self) -> float | None:
        """What the certain ones are likely to cost; None where nothing is known."""
        return _sum(self.certain)

    @property
    def most_usd(self) -> float | None:
        """What all of them are likely to cost."""
        return _sum((*self.certain, *self.possible))


def forecast(store: Source, request: Request) -> Forecast:
    """Tell what a replay would do for real, without running anything.

    Raises:
        TreadleError: as `replay` does where it may not run, or does not fit the recording.

    """
    recording = store.recording(request.trace_id)
    root = root_of(recording, request.step_id)
    calls = calls_below(recording.calls, root)
    chosen = choose(store, request, calls, asked=asked_request(root, request))
    check_replayable(root, request, chosen.live_ids)
    if not request.trust:
        check_signatures(recording.process, root, calls, chosen.unread_ids, store=store.path)
    costs = _costs(store, request.trace_id)
    effects = [call for call in calls if call.kind in EFFECT_KINDS and not _is_reading(call)]
    running_ids = with_ancestors(calls, chosen.live_ids)
    certain = [call for call in effects if call.span_id in running_ids - chosen.answered_ids]
    given = {span_id for override in chosen.overrides for span_id in override.ids}
    since_ns = _since_ns(request, calls, given | (chosen.live_ids if request.model is not None else frozenset()))
    possible = [call for call in effects if call.span_id not in running_ids | given and call.started_at_ns >= since_ns]
    lets_run = request.lets_changed_run
    return Forecast(
        certain=_by_name(certain, costs),
        possible=_by_name(possible, costs) if lets_run else (),
        new_names=(EVERY_NAME,) if lets_run or request.from_id is not None else chosen.live_names,
        calls=_reached(calls, running_ids, chosen.answered_ids),
    )


def _since_ns(request: Request, calls: Sequence[RecordedCall], given: AbstractSet[str]) -> int:
    """Return from when on what has changed runs for real: from the first call that something is given to."""
    started_ns = [call.started_at_ns for call in calls if call.span_id in given]
    return 0 if request.live_changed else min(started_ns, default=0)


def together(forecasts: Iterable[Forecast], *, times: int = 1) -> Forecast:
    """Return what several replays would do for real, or the same ones several times."""
    each = tuple(forecasts)
    return Forecast(
        certain=_added((calls for one in each for calls in one.certain), times),
        possible=_added((calls for one in each for calls in one.possible), times),
        new_names=tuple(dict.fromkeys(name for one in each for name in one.new_names)),
        calls=times * sum(one.calls for one in each),
    )


def _added(groups: Iterable[LiveCalls], times: int) -> tuple[LiveCalls, ...]:
    grouped: dict[tuple[str, str], list[LiveCalls]] = defaultdict(list)
    for calls in groups:
        grouped[calls.name, calls.kind].append(calls)
    return tuple(
        LiveCalls(name, kind, times * sum(calls.count for calls in same), _times(times, _sum(tuple(same))))
        for (name, kind), same in grouped.items()
    )


def _times(times: int, cost_usd: float | None) -> float | None:
    return None if cost_usd is None else times * cost_usd


def _is_reading(call: RecordedCall) -> bool:
    """Tell of a clock or of random numbers that nobody need be asked about them."""
    return call.function is None and group_of(call.name) is not None


def _reached(calls: Sequence[RecordedCall], running_ids: frozenset[str], answered: frozenset[str]) -> int:
    """Count the calls but for those below an answered one, which are not made again."""
    closed: set[str] = set()
    for call in calls:
        is_answered = call.kind in EFFECT_KINDS and call.span_id not in running_ids
        if call.parent_span_id in closed or is_answered or call.span_id in answered:
            closed.add(call.span_id)
    return sum(call.parent_span_id not in closed for call in calls)


def _costs(store: Source, trace_id: str) -> dict[str, float]:
    steps = store.tree(trace_id)
    costs = store.column(trace_id, "cost_usd")
    return {steps.hex_id(index): float(cost) for index, cost in enumerate(costs) if cost is not None}


def _by_name(calls: list[RecordedCall], costs: dict[str, float]) -> tuple[LiveCalls, ...]:
    grouped: dict[tuple[str, str], list[RecordedCall]] = defaultdict(list)
    for call in calls:
        grouped[call.name, call.kind].append(call)
    return tuple(
        LiveCalls(name, kind, len(group), _total([costs.get(call.span_id) for call in group]))
        for (name, kind), group in grouped.items()
    )


def _sum(groups: tuple[LiveCalls, ...]) -> float | None:
    return _total([group.cost_usd for group in groups])


def _total(costs: list[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
