"""Two traces side by side, aligned as replay aligns them: parent instance, then name, then arguments or ordinal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from treadle.model import RecordedCall
from treadle.values import digest
from treadle.values.difference import Difference, differences


class Comparable(Protocol):
    """What two steps are compared by; a `Step` and a `RecordedCall` both are."""

    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def input_tagged(self) -> bytes | None: ...  # noqa: D102
    @property
    def output_tagged(self) -> bytes | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StepDiff:
    """How two steps differ."""

    inputs: tuple[Difference, ...]
    outputs: tuple[Difference, ...]
    status: tuple[str, str] | None
    """The two statuses, where they differ."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.inputs or self.outputs or self.status)


@dataclass(frozen=True, slots=True)
class Pair:
    """A call of one trace and the one that stands in its place in the other; None where there is none."""

    before: RecordedCall | None
    after: RecordedCall | None
    depth: int
    diff: StepDiff | None
    """How they differ, where both are there."""


def diff_steps(before: Comparable, after: Comparable) -> StepDiff:
    """Compare the inputs, the outputs and the statuses of two steps."""
    return StepDiff(
        inputs=tuple(differences(before.input_tagged, after.input_tagged)),
        outputs=tuple(differences(before.output_tagged, after.output_tagged)),
        status=None if before.status == after.status else (before.status, after.status),
    )


def diff_traces(before: Sequence[RecordedCall], after: Sequence[RecordedCall]) -> list[Pair]:
    """Align two traces and compare each pair; callers before what they called, in the first one's order."""
    children_before, children_after = _by_parent(before), _by_parent(after)
    pairs: list[Pair] = []
    pending = [(ours, theirs, 0) for ours, theirs in _align(children_before[None], children_after[None])][::-1]
    while pending:
        ours, theirs, depth = pending.pop()
        compared = diff_steps(ours, theirs) if ours is not None and theirs is not None else None
        pairs.append(Pair(ours, theirs, depth, compared))
        below = _align(children_before[ours.span_id] if ours else (), children_after[theirs.span_id] if theirs else ())
        pending += [(ours, theirs, depth + 1) for ours, theirs in below][::-1]
    return pairs


def _by_parent(calls: Iterable[RecordedCall]) -> defaultdict[str | None, list[RecordedCall]]:
    """Group calls by parent, None for roots and for calls whose parent is not in the trace."""
    known = list(calls)
    ids = {call.span_id for call in known}
    groups: defaultdict[str | None, list[RecordedCall]] = defaultdict(list)
    for call in known:
        groups[call.parent_span_id if call.parent_span_id in ids else None].append(call)
    return groups


def _align(
    before: Sequence[RecordedCall], after: Sequence[RecordedCall]
) -> list[tuple[RecordedCall | None, RecordedCall | None]]:
    """Pair the calls of one parent: within each name by equal arguments, then by ordinal, then in order."""
    partners: dict[str, RecordedCall] = {}
    free = list(after)
    for keys in (_name_and_arguments, _name_and_ordinal, _name):
        waiting: defaultdict[tuple[str, ...], list[RecordedCall]] = defaultdict(list)
        for call in free:
            waiting[keys(call)].append(call)
        for call in before:
            if call.span_id not in partners and waiting[keys(call)]:
                partners[call.span_id] = waiting[keys(call)].pop(0)
        taken = {partner.span_id for partner in partners.values()}
        free = [call for call in free if call.span_id not in taken]
    paired = [(call, partners.get(call.span_id)) for call in before]
    return [*paired, *((None, call) for call in free)]


def _name_and_arguments(call: RecordedCall) -> tuple[str, ...]:
    return call.name, digest(call.input_tagged)[0]


def _name_and_ordinal(call: RecordedCall) -> tuple[str, ...]:
    return call.name, call.ordinal


def _name(call: RecordedCall) -> tuple[str, ...]:
    return (call.name,)
