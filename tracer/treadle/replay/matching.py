"""Which recorded call a replayed call is: by where it happens and what it is given, never by when it arrives.

group  the recorded calls under the same recorded parent, of the same function
exact  of those, one with equal arguments that is still free: at the same place if there is one, else the first
soft   else the free one at the same place: the arguments have changed
moved  else, for an effect, the only free call of the whole recording with the same function and arguments
renamed  else, for glue, a free call under the same parent with the same arguments that was made just there
none   a new call; what new glue calls is looked for under the call around it: a helper was pulled out
"""

import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import orjson

from treadle.model import EFFECT_KINDS, RecordedCall
from treadle.replay.plan import Plan
from treadle.values.digest import digest

if TYPE_CHECKING:
    from treadle.call import Call

OUTSIDE = "outside"
"""Stands for the parent of a call that has no recorded one."""


How: TypeAlias = Literal["exact", "soft", "moved", "renamed", "none"]


@dataclass(frozen=True, slots=True)
class Match:
    """What a replayed call was found to be."""

    how: How
    recorded: RecordedCall | None
    assumed: bool
    """Something in the arguments was not recorded, and is taken to be the same."""
    path: str
    """Where the call is: `answer#0/generate#1`, the second call of `generate` at its place under `answer`."""


def identity(call: RecordedCall) -> str:
    """Return the name by which calls are compared: their function's, or their own where there is none."""
    function = call.function
    return f"{function.module}:{function.qualname}" if function else call.name


class _Slot:
    """A recorded call, and whether it is still free."""

    __slots__ = ("but_self", "call", "digest", "place", "used")

    def __init__(self, call: RecordedCall, place: str) -> None:
        self.call = call
        self.digest, _ = digest(call.input_tagged)
        self.but_self = _but_self(call.input_tagged)
        self.place = place
        self.used = False


class Matcher:
    """Aligns the calls of a replay with those of its recording."""

    def __init__(self, plan: Plan) -> None:
        self._lock = threading.RLock()
        self._root = plan.root_id
        self._groups: dict[tuple[str, str], list[_Slot]] = defaultdict(list)
        self._effects: dict[tuple[str, str], list[_Slot]] = defaultdict(list)
        self._glue: dict[tuple[str, str, str], list[_Slot]] = defaultdict(list)
        self._bound: dict[str, str] = {}
        self._served_classes: set[str] = set()
        self._paths: dict[str, str] = {}
        recorded_places = _Places()
        for call in sorted(plan.calls, key=lambda call: _ordinal_key(call.ordinal)):
            name = identity(call)
            parent = "" if call.span_id == plan.root_id else call.parent_span_id or OUTSIDE
            slot = _Slot(call, recorded_places.take(parent, name, call.ordinal))
            self._groups[parent, name].append(slot)
            if call.kind in EFFECT_KINDS:
                self._effects[name, slot.digest].append(slot)
            else:
                self._glue[parent, call.ordinal, slot.digest].append(slot)
        self._live_places = _Places()

    def match(self, call: "Call") -> Match:
        """Return which recorded call this is, and take it."""
        function = call.traced.fields if call.traced is not None else None
        name = f"{function['module']}:{function['qualname']}" if function else call.name
        parent_id = call.parent.span_id if call.parent is not None else None
        span_id, payload = call.span_id, call.payload
        wanted, assumed = digest(payload)
        with self._lock:
            parent = self._bound.get(parent_id, OUTSIDE) if parent_id is not None else ""
            place = self._live_places.take(parent_id or "", name, call.ordinal)
            path = self._path(span_id, parent_id, call.name, place)
            group = [slot for slot in self._groups[parent, name] if not slot.used]
            if parent == "" and group:
                how: How = "exact" if group[0].digest == wanted else "soft"
                return self._take(span_id, group[0], how, assumed, path)
            equal = [slot for slot in group if slot.digest == wanted]
            if equal:
                slot = next((slot for slot in equal if slot.place == place), equal[0])
                return self._take(span_id, slot, "exact", assumed, path)
            if call.kind in EFFECT_KINDS:
                elsewhere = [slot for slot in self._effects[name, wanted] if not slot.used]
                if len(elsewhere) == 1:
                    return self._take(span_id, elsewhere[0], "moved", assumed, path)
            beside = self._beside_self(group, place, _but_self(payload))
            if beside is not None:
                return self._take(span_id, beside, "exact", assumed=True, path=path)
            same_place = next((slot for slot in group if slot.place == place), None)
            if same_place is not None:
                return self._take(span_id, same_place, "soft", assumed, path)
            if call.kind not in EFFECT_KINDS:
                renamed = [slot for slot in self._glue[parent, call.ordinal, wanted] if not slot.used]
                if renamed:
                    return self._take(span_id, renamed[0], "renamed", assumed, path)
                self._bound[span_id] = parent
            return Match("none", None, assumed, path)

    def _take(self, span_id: str, slot: _Slot, how: How, assumed: bool, path: str) -> Match:
        slot.used = True
        if slot.but_self is not None and slot.call.kind in EFFECT_KINDS:
            self._served_classes.add(slot.but_self[0])
        self._bound[span_id] = slot.call.span_id
        return Match(how, slot.call, assumed, path)

    def _beside_self(self, group: list[_Slot], place: str, but_self: tuple[str, str] | None) -> _Slot | None:
        """Return the call of a method at this place that differs in `self` alone, once others of its class were served.

        What those methods did to their object has not happened in a replay, so that it looks changed.
        """
        if but_self is None or but_self[0] not in self._served_classes:
            return None
        return next((slot for slot in group if slot.place == place and slot.but_self == but_self), None)

    def _path(self, span_id: str, parent_id: str | None, shown: str, place: str) -> str:
        above = self._paths.get(parent_id or "", "")
        path = f"{above}/{shown}#{place}" if above else f"{shown}#{place}"
        self._paths[span_id] = path
        return path


class _Places:
    """Counts the calls of one function in each lane under each parent: the place is `lane.count`."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], int] = defaultdict(int)

    def take(self, parent: str, name: str, ordinal: str) -> str:
        """Return the place of the next such call."""
        lane, dot, _ = ordinal.rpartition(".")
        count = self._counts[parent, name, lane]
        self._counts[parent, name, lane] = count + 1
        return f"{lane}{dot}{count}"


def _ordinal_key(ordinal: str) -> tuple[int, ...]:
    """Return what orders places; a span that came from elsewhere has none."""
    return tuple(int(part) for part in ordinal.split(".") if part.isdecimal())


def _but_self(payload: bytes) -> tuple[str, str] | None:
    """Return the class of a method's `self`, and the digest of its other arguments; None for what is no method."""
    if b'"self":{"$"' not in payload:
        return None
    held = orjson.loads(payload)
    owner = held.pop("self", None) if isinstance(held, dict) else None
    cls = owner.get("type") if isinstance(owner, dict) else None
    return (cls, digest(orjson.dumps(held))[0]) if isinstance(cls, str) else None
