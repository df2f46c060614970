"""Which recorded calls a request speaks of: those that run for real, and those for which something is given."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import orjson

from treadle.errors import NotFoundError, UsageError
from treadle.model import EFFECT_KINDS, RecordedCall
from treadle.replay import paths
from treadle.replay.overrides import MODEL_ARGUMENT, Override
from treadle.values import plain
from treadle_debugger.request import BARE_WORD, Instead, Request, Source

EVERY_NAME = "*"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a request means for one recording."""

    live_ids: frozenset[str]
    """Recorded steps that run for real."""
    live_names: tuple[str, ...]
    """Globs that calls without a recorded one are tested by."""
    overrides: tuple[Override, ...]

    @property
    def answered_ids(self) -> frozenset[str]:
        """Recorded steps that get another answer, made in the shape of the recorded one."""
        return frozenset(span_id for override in self.overrides if override.path is None for span_id in override.ids)

    @property
    def unread_ids(self) -> frozenset[str]:
        """Recorded steps of which nothing is read, neither what they were given nor what they answered."""
        return self.live_ids - self.answered_ids


def choose(store: Source, request: Request, calls: Sequence[RecordedCall], *, asked: bytes | None = None) -> Chosen:
    """Find the calls that a request names; `asked`: the request to a model that the one call is, as tagged JSON.

    Raises:
        NotFoundError: it names a step that is not there.
        UsageError: a pattern fits nothing that could go live, or a path leads nowhere.

    """
    live_ids, live_names = _live(store, request, calls)
    if request.all_live:
        live_ids, live_names = frozenset(_effects(calls)), (EVERY_NAME,)
    if request.from_id is not None:
        live_ids |= _from(request.from_id, calls)
    overrides = tuple(_override(store, request, instead, calls, asked) for instead in request.instead)
    if request.model is not None:
        live_ids |= _with_model(calls, asked)
    given = {span_id for override in overrides if override.path is not None for span_id in override.ids}
    return Chosen(live_ids | (given & _effects(calls).keys()), live_names, overrides)


def _live(store: Source, request: Request, calls: Sequence[RecordedCall]) -> tuple[frozenset[str], tuple[str, ...]]:
    effects = _effects(calls)
    live: set[str] = set()
    globs = tuple(pattern for pattern in request.live if BARE_WORD.match(pattern))
    for pattern in request.live:
        found = _found(store, request.trace_id, pattern, calls)
        if not found & effects.keys() and (found or pattern not in globs):
            fitting = f"only {_listed(call.name for call in calls if call.span_id in found)}" if found else "no step"
            raise UsageError(
                f"--live {pattern!r} fits {fitting} of this trace; its effects are {_listed(effects.values())}"
            )
        live |= found
    return frozenset(live), globs


def _from(from_id: str, calls: Sequence[RecordedCall]) -> frozenset[str]:
    first = next((call for call in calls if call.span_id == from_id), None)
    if first is None:
        raise NotFoundError(f"the replayed part of the trace has no step {from_id}")
    after = {call.span_id for call in calls if call.started_at_ns >= first.started_at_ns}
    return frozenset(after & _effects(calls).keys())


def _override(
    store: Source, request: Request, instead: Instead, calls: Sequence[RecordedCall], asked: bytes | None
) -> Override:
    option = "--result" if instead.path is None else "--set"
    found = _found(store, request.trace_id, instead.step, calls)
    if not found:
        raise UsageError(f"{option} {instead.step!r} fits no step; the steps are {_listed(c.name for c in calls)}")
    if instead.path is not None:
        path = paths.parse(instead.path)
        for call in calls:
            if call.span_id in found:
                _check_argument(call, instead, path, asked)
    name = instead.step if BARE_WORD.match(instead.step) else None
    return Override(ids=found, name=name, path=instead.path, value=_json(instead.value), typed=instead.value)


def _check_argument(call: RecordedCall, instead: Instead, path: paths.Path, asked: bytes | None) -> None:
    if call.function is None and asked is None:
        raise UsageError(f"--set {instead.step!r}: {call.name} is no function that could be given another argument")
    held = orjson.loads(plain(asked or call.input_tagged))
    is_absent = isinstance(held, dict) and path[:1] != () and path[0] not in held
    if not path or (is_absent and (asked is None or len(path) > 1)):
        names = ", ".join(held) if isinstance(held, dict) else ""
        raise UsageError(f"--set {instead.step!r}: {call.name} has no argument {paths.shown(path)}; it has {names}")


def _with_model(calls: Sequence[RecordedCall], asked: bytes | None) -> frozenset[str]:
    found = {
        call.span_id
        for call in calls
        if asked or (call.kind == "llm" and MODEL_ARGUMENT in orjson.loads(plain(call.input_tagged)))
    }
    if not found:
        raise UsageError("--model: no model call of this trace is given a model by name: set what it reads it from")
    return frozenset(found)


def _found(store: Source, trace_id: str, pattern: str, calls: Sequence[RecordedCall]) -> frozenset[str]:
    steps = store.tree(trace_id)
    indices = np.flatnonzero(store.hits(trace_id, pattern))
    return frozenset({steps.hex_id(int(index)) for index in indices} & {call.span_id for call in calls})


def _effects(calls: Sequence[RecordedCall]) -> dict[str, str]:
    return {call.span_id: call.name for call in calls if call.kind in EFFECT_KINDS}


def _json(value: str) -> bytes:
    """Return a value as JSON: what is none is a text."""
    try:
        orjson.loads(value)
    except ValueError:
        return orjson.dumps(value)
    return value.encode()


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "none"
