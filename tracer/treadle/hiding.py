"""What `hide_inputs` and `hide_outputs` keep out of the recording: decided once for each name and kind of a step.

The environment can hide more than the program chose, and never less.
"""

import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from treadle.failure import Mark, leading_to, mark_of
from treadle.lanes import RemoteCall
from treadle.settings import Settings, checked_patterns, kind_named_by
from treadle.values.classes import type_name

if TYPE_CHECKING:
    from treadle.call import Call

PAYLOAD = b'{"$":"hidden","v":null}'
"""Is written in the place of an input, an output and a chunk."""
WHY = "its inputs are hidden: they were not recorded"
VARIABLES = ("TREADLE_HIDE_INPUTS", "TREADLE_HIDE_OUTPUTS")
MOST_DECIDED = 10_000
MOST_FAILURES = 1_000
"""Of hidden calls under one: those before have long been caught."""
REMOTE_TRACEBACKS = ("RemoteTraceback", "_RemoteTraceback")
"""What a pool puts under an exception that one of its processes has raised."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is hidden of one call."""

    inputs: bool = False
    outputs: bool = False
    failures: frozenset[Mark] = frozenset()
    """Exceptions that came out of hidden calls under this one."""

    def hides_failure(self, error: BaseException) -> bool:
        """Tell whether an exception may not be shown: the call is hidden, or one that it came through.

        Of one that another process raised nobody here knows what it came through.
        """
        if self.inputs or self.outputs:
            return True
        return any(mark_of(one) in self.failures or _is_remote(one) for one in leading_to(error))

    def after(self, error: BaseException) -> "Hidden":
        """Return what is hidden of a call once this came out of a hidden one under it."""
        before = self.failures if len(self.failures) < MOST_FAILURES else frozenset()
        return replace(self, failures=before | {mark_of(error)})


def _is_remote(error: BaseException) -> bool:
    return type_name(type(error)).rpartition(":")[2] in REMOTE_TRACEBACKS


def in_its_place(_: object) -> bytes:
    """Return what is written where a value may not be shown."""
    return PAYLOAD


def hides(call: "Call", error: BaseException) -> bool:
    """Tell whether a call may not show how it failed, and see to it that the calls above do not show it either."""
    if not call.hidden.hides_failure(error):
        return False
    above = call.parent
    while above is not None and not isinstance(above, RemoteCall):
        above.hidden = above.hidden.after(error)
        above = above.parent
    return True


NOTHING = Hidden()


class Hiding:
    """The choice of one process."""

    __slots__ = ("_decided", "_inputs", "_outputs")

    def __init__(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        self._inputs = inputs
        self._outputs = outputs
        self._decided: dict[tuple[str, str], Hidden] = {}

    def of(self, name: str, kind: str) -> Hidden:
        """Return what is hidden of the calls of a step."""
        decided = self._decided.get((name, kind))
        if decided is None:
            decided = Hidden(_is_named(self._inputs, name, kind), _is_named(self._outputs, name, kind))
            if len(self._decided) < MOST_DECIDED:
                self._decided[name, kind] = decided
        return decided


def chosen_hiding(chosen: Settings) -> Hiding | None:
    """Return what is to be hidden, by the settings and the environment; None where nothing is.

    Raises:
        UsageError: the environment names a kind that there is not.

    """
    inputs = _patterns(chosen.hide_inputs, VARIABLES[0])
    outputs = _patterns(chosen.hide_outputs, VARIABLES[1])
    return Hiding(inputs, outputs) if inputs or outputs else None


def _patterns(chosen: bool | tuple[str, ...], variable: str) -> tuple[str, ...]:
    ours = () if chosen is False else ("*",) if chosen is True else chosen
    said = os.environ.get(variable, "").strip()
    if said.lower() in ("", "0", "false"):
        return ours
    if said.lower() in ("1", "true"):
        return ("*",)
    return (*ours, *checked_patterns(said.split(","), variable))


def _is_named(patterns: tuple[str, ...], name: str, kind: str) -> bool:
    for pattern in patterns:
        wanted = kind_named_by(pattern)
        if fnmatchcase(name, pattern) if wanted is None else wanted == kind:
            return True
    return False
